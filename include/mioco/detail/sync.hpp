// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstdint>

// Where lock-free code gets its atomics from. Every lock-free part is a template over a policy like this one, so that
// the model checker in tests/model runs the very same text with atomics that hand control to its scheduler.

namespace mioco::detail {

struct system_sync {
    template <class T>
    using atomic = std::atomic<T>;

    /// Between two looks at an atomic in a bounded spin.
    static void relax() noexcept {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("yield");
#endif
    }

    /// Between two looks at `awaited`, which another thread is about to make false: spins in the first rounds, sleeps later, and
    /// never long.
    static void back_off(unsigned round, const std::atomic<bool>& awaited) noexcept;

    /// Blocks the thread while `word` holds `expected`; may return early.
    static void wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept;
    /// Wakes one thread that is blocked in `wait` on `word`.
    static void wake_one(std::atomic<std::uint32_t>& word) noexcept;
};

}  // namespace mioco::detail
