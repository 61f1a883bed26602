// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Waiting until something under a lock has changed.

#include <chrono>
#include <condition_variable>
#include <memory>
#include <utility>

#include <mioco/detail/line.hpp>

namespace mioco {

/// As `std::condition_variable_any`, for fibers and threads: works with every lock that has `lock` and `unlock`, and waits never
/// end for no reason. Each wait unlocks, waits to be notified, and has locked again when it returns or throws. Cancellation points.
/// May be destroyed once all that wait are notified, before they go on.
class condition_variable {
public:
    /// Throws `std::bad_alloc`.
    condition_variable() : line_(std::make_shared<detail::line>()) {}
    condition_variable(const condition_variable&) = delete;
    condition_variable& operator=(const condition_variable&) = delete;
    ~condition_variable() = default;

    /// Wakes the one that has waited longest, if any does. Never blocks.
    void notify_one() noexcept;
    /// Wakes all that wait. Never blocks.
    void notify_all() noexcept;

    /// Parks the fiber, or blocks the thread, until it is notified. Throws `std::system_error`, with the lock held all the time, on a
    /// thread that gets no descriptor to wait with.
    template <class Lock>
    void wait(Lock& lock) {
        wait_released(lock, detail::never);
    }
    /// Until the predicate holds; it is asked under the lock, first of all and after each notification.
    template <class Lock, class Predicate>
    void wait(Lock& lock, Predicate holds) {
        while (!holds()) wait(lock);
    }

    /// Until it is notified, or until `deadline`. Another clock than `steady_clock` that is set forward meanwhile does not shorten the
    /// wait; one that is set back may end it as a notification does.
    template <class Lock, class Clock, class Duration>
    std::cv_status wait_until(Lock& lock,
                              const std::chrono::time_point<Clock, Duration>& deadline) {
        const auto limit = detail::deadline_at(detail::time_for(deadline));
        if (wait_released(lock, limit) == std::cv_status::no_timeout || !detail::has_come(deadline))
            return std::cv_status::no_timeout;
        return std::cv_status::timeout;
    }
    /// Until the predicate holds, or until `deadline`; returns what the predicate says last.
    template <class Lock, class Clock, class Duration, class Predicate>
    bool wait_until(Lock& lock, const std::chrono::time_point<Clock, Duration>& deadline,
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
        return wait_until(lock, detail::deadline_after(limit, now()), std::move(holds));
    }

private:
    template <class Lock>
    std::cv_status wait_released(Lock& lock, detail::nanoseconds_t deadline) {
        struct taking_again {
            Lock& lock;
            ~taking_again() {
                shielded([](void* what) { static_cast<Lock*>(what)->lock(); }, &lock);
            }
        };
        const std::shared_ptr<detail::line> here = line_;
        detail::queued_arm arm;
        get_into_line(*here, arm);
        try {
            lock.unlock();
        } catch (...) {
            leave(*here, arm);
            throw;
        }
        const taking_again last{lock};
        return wait_in_line(*here, arm, deadline);
    }

    /// Throws on a thread that has nothing to wait with.
    static void get_into_line(detail::line& line, detail::queued_arm& arm);
    /// Whether it was still in line.
    static bool leave(detail::line& line, detail::queued_arm& arm) noexcept;
    static std::cv_status wait_in_line(detail::line& line, detail::queued_arm& arm,
                                       detail::nanoseconds_t deadline);
    /// A lock may be a cancellation point, but to take it again is none.
    static void shielded(void (*call)(void*), void* argument);

    // An arm in line may have no token yet: its owner is just unlocking, which may be a wait, and only then begins this one. To notify
    // it is to take it out. Shared with those who wait: who was notified looks at it once more.
    std::shared_ptr<detail::line> line_;
};

}  // namespace mioco
