// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// A lock for one writer or many readers.

#include <chrono>
#include <cstdint>
#include <shared_mutex>

#include <mioco/detail/line.hpp>

namespace mioco {

/// Exclusion between writers and readers, fibers or threads, as `std::shared_mutex` and `std::shared_timed_mutex`: use it with
/// `std::unique_lock` and `std::shared_lock`. Whoever waits parks, or blocks its thread. No call is a cancellation point.
///
/// A writer that waits keeps new readers out, and writers come before readers. The original's `RwLock`, since 0.2.
class shared_mutex {
public:
    shared_mutex() noexcept = default;
    shared_mutex(const shared_mutex&) = delete;
    shared_mutex& operator=(const shared_mutex&) = delete;
    ~shared_mutex() { guard_.lock(); }

    /// Takes it for writing: waits until nobody has it. Throws as `mutex::lock`.
    void lock() { lock_waiting(detail::never); }
    /// Takes it for writing if nobody has it.
    [[nodiscard]] bool try_lock() noexcept;
    /// As `lock`, but waits for `limit` at most.
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& limit) {
        return lock_waiting(detail::deadline_in(limit));
    }
    /// As `lock`, but waits until `deadline` at most, as `mutex::try_lock_until`.
    template <class Clock, class Duration>
    [[nodiscard]] bool try_lock_until(const std::chrono::time_point<Clock, Duration>& deadline) {
        return detail::attempt_until(deadline, [this](auto limit) { return lock_waiting(limit); });
    }
    /// By the writer that has it.
    void unlock() noexcept;

    /// Takes it for reading: waits while a writer has it or waits for it. Throws as `mutex::lock`.
    void lock_shared() { lock_shared_waiting(detail::never); }
    /// Takes it for reading if that needs no wait.
    [[nodiscard]] bool try_lock_shared() noexcept;
    /// As `lock_shared`, but waits for `limit` at most.
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_shared_for(const std::chrono::duration<Rep, Period>& limit) {
        return lock_shared_waiting(detail::deadline_in(limit));
    }
    /// As `lock_shared`, but waits until `deadline` at most, as `mutex::try_lock_until`.
    template <class Clock, class Duration>
    [[nodiscard]] bool try_lock_shared_until(
        const std::chrono::time_point<Clock, Duration>& deadline) {
        return detail::attempt_until(deadline,
                                     [this](auto limit) { return lock_shared_waiting(limit); });
    }
    /// By a reader that has it.
    void unlock_shared() noexcept;

private:
    bool write_now() noexcept;
    bool read_now() noexcept;
    bool lock_waiting(detail::nanoseconds_t deadline);
    bool lock_shared_waiting(detail::nanoseconds_t deadline);
    void let_in(detail::wake_list& woken) noexcept;

    detail::spin_lock guard_;  // over all that follows
    detail::arm_queue writers_;
    detail::arm_queue readers_;
    std::uint32_t reading_ = 0;
    bool writing_ = false;
};

}  // namespace mioco
