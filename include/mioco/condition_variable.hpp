// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Waiting until something under a lock has changed.

#include <chrono>
#include <condition_variable>

#include <mioco/detail/line.hpp>

namespace mioco {

/// As `std::condition_variable_any`, for fibers and threads: works with every lock that has `lock` and `unlock`, and waits never
/// end for no reason. Each wait unlocks, waits to be notified, and has locked again when it returns or throws. Cancellation points.
class condition_variable {
public:
    condition_variable() noexcept = default;
    condition_variable(const condition_variable&) = delete;
    condition_variable& operator=(const condition_variable&) = delete;
    ~condition_variable() = default;

    /// Wakes the one that has waited longest, if any does. Never blocks.
    void notify_one() noexcept;
    /// Wakes all that wait. Never blocks.
    void notify_all() noexcept;

    /// Parks the fiber, or blocks the thread, until it is notified.
    template <class Lock>
    void wait(Lock& lock) {
        wait_released(lock, detail::never);
    }
    /// Until the predicate holds; it is asked under the lock, first of all and after each notification.
    template <class Lock, class Predicate>
    void wait(Lock& lock, Predicate holds) {
        while (!holds()) wait(lock);
    }

    /// Until it is notified, or until `deadline`.
    template <class Lock, class Duration>
    std::cv_status wait_until(
        Lock& lock, const std::chrono::time_point<std::chrono::steady_clock, Duration>& deadline) {
        return wait_released(lock, detail::deadline_at(deadline));
    }
    /// Until the predicate holds, or until `deadline`; returns what the predicate says last.
    template <class Lock, class Duration, class Predicate>
    bool wait_until(Lock& lock,
                    const std::chrono::time_point<std::chrono::steady_clock, Duration>& deadline,
                    Predicate holds) {
        while (!holds()) {
            if (wait_until(lock, deadline) == std::cv_status::timeout) return holds();
        }
        return true;
    }

    /// Until it is notified, for `limit` at most.
    template <class Lock, class Rep, class Period>
    std::cv_status wait_for(Lock& lock, const std::chrono::duration<Rep, Period>& limit) {
        return wait_released(lock, detail::deadline_in(limit));
    }
    /// Until the predicate holds, for `limit` at most; returns what the predicate says last.
    template <class Lock, class Rep, class Period, class Predicate>
    bool wait_for(Lock& lock, const std::chrono::duration<Rep, Period>& limit, Predicate holds) {
        return wait_until(lock, detail::deadline_after(limit, detail::now()), std::move(holds));
    }

private:
    template <class Lock>
    std::cv_status wait_released(Lock& lock, detail::nanoseconds_t deadline) {
        struct taking_again {
            Lock& lock;
            ~taking_again() { lock.lock(); }
        };
        detail::queued_arm arm;
        get_into_line(arm);
        lock.unlock();
        const taking_again last{lock};
        return wait_in_line(arm, deadline);
    }

    void get_into_line(detail::queued_arm& arm) noexcept;
    std::cv_status wait_in_line(detail::queued_arm& arm, detail::nanoseconds_t deadline);

    // An arm in line may have no token yet: its owner is just unlocking, which may be a wait, and only then begins this one. To notify
    // it is to take it out.
    detail::line line_;
};

}  // namespace mioco
