// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>

#include <mioco/detail/sync.hpp>

namespace mioco::detail {

/// For two sides of which each writes, and then reads what the other writes, so that one of them must see the other: a spawn and a stop, a
/// worker and a thief. One does so all the time, the other hardly ever; so the seldom one pays for both, by a system call that has each
/// thread of the process pass a full barrier. To the other side it costs nothing, where an exchange takes as long as twenty plain
/// instructions.
struct barrier_sync : system_sync {
    /// [the side that is fast] Between its write and its read.
    static void light_barrier() noexcept {
        if (is_split.load(std::memory_order_relaxed)) [[likely]] {
            asm volatile("" ::: "memory");
        } else {
            full_barrier();
        }
    }
    /// [the other] The same.
    static void heavy_barrier() noexcept;
    /// Whether a light one is free.
    [[nodiscard]] static bool has_light_barrier() noexcept {
        return is_split.load(std::memory_order_relaxed);
    }

    /// Before there is a thread that has barriers. Where the kernel has no such call, each side pays for itself.
    static void prepare_barriers() noexcept;

private:
    // In assembler, as ThreadSanitizer knows no fences; what the barrier is between are atomics.
    static void full_barrier() noexcept {
#if defined(__x86_64__)
        asm volatile("lock orl $0, (%%rsp)" ::: "memory", "cc");
#elif defined(__aarch64__)
        asm volatile("dmb ish" ::: "memory");
#endif
    }

    // In the header, so that models of what uses it need no library.
    static constinit inline std::atomic<bool> is_split{false};
};

}  // namespace mioco::detail
