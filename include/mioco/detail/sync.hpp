// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstdint>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

// Where lock-free code gets its atomics from. Every lock-free part is a template over a policy like this one, so that
// the model checker in tests/model runs the very same text with atomics that hand control to its scheduler.

namespace mioco::detail {

/// Whether the process has no thread but this one. The C library knows.
inline bool is_only_thread() noexcept {
#if __has_include(<sys/single_threaded.h>)
    return __libc_single_threaded != 0;
#else
    return false;
#endif
}

/// For locks, as the C library's own are: while the process has one thread an exchange is a load and a store, since an atomic one
/// takes as long as all else of a lock. A thread that is made later sees all that was written before it was. Not for what a signal's
/// handler changes, which may come in between.
template <class T>
class lock_atomic : public std::atomic<T> {
public:
    using std::atomic<T>::atomic;

    T exchange(T value, std::memory_order order) noexcept {
        if (!is_only_thread()) return std::atomic<T>::exchange(value, order);
        const T before = this->load(std::memory_order_relaxed);
        this->store(value, std::memory_order_relaxed);
        return before;
    }

    bool compare_exchange_strong(T& expected, T wanted, std::memory_order success,
                                 std::memory_order failure) noexcept {
        if (!is_only_thread()) {
            return std::atomic<T>::compare_exchange_strong(expected, wanted, success, failure);
        }
        const T before = this->load(std::memory_order_relaxed);
        if (before != expected) {
            expected = before;
            return false;
        }
        this->store(wanted, std::memory_order_relaxed);
        return true;
    }
};

struct system_sync {
    template <class T>
    using atomic = std::atomic<T>;
    template <class T>
    using lock_atomic = detail::lock_atomic<T>;

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
