// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Locks for fibers and threads.

#include <chrono>
#include <mutex>

#include <mioco/detail/line.hpp>
#include <mioco/detail/line_arm.hpp>
#include <mioco/detail/lock_word.hpp>

namespace mioco {

/// Mutual exclusion between fibers, threads, or both, as `std::mutex` and `std::timed_mutex`: use it with `std::scoped_lock`,
/// `std::unique_lock`, `std::lock`. A fiber that waits for it parks, and one that holds it may wait for whatever it likes, and
/// be on another thread when it unlocks.
///
/// First come, first served: `unlock` hands the mutex to the fiber that has waited longest. A thread takes so long to wake that
/// others may pass it, but only a few times. In the original since 0.2, there without a line.
class mutex {
public:
    constexpr mutex() noexcept = default;
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;
    ~mutex() = default;

    /// Takes the mutex. While somebody else has it, it parks the fiber or blocks the thread. No cancellation point. Throws
    /// `std::system_error` only on a thread that has to wait and gets no descriptor to wait with.
    void lock() {
        if (!word_.try_take()) [[unlikely]] {
            lock_waiting(detail::never);
        } else if (detail::spend_holding()) [[unlikely]] {
            lock_after_others();
        }
    }
    /// Takes the mutex if nobody has it.
    [[nodiscard]] bool try_lock() noexcept {
        detail::begin_attempt();
        return word_.try_take();
    }
    /// The same, but waits for `limit` at most.
    template <class Rep, class Period>
    [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& limit) {
        return try_lock() || lock_waiting(detail::deadline_in(limit));
    }
    /// The same, but waits until `deadline` at most. Of whatever clock; one that is set forward meanwhile does not shorten the wait.
    template <class Clock, class Duration>
    [[nodiscard]] bool try_lock_until(const std::chrono::time_point<Clock, Duration>& deadline) {
        return try_lock() ||
               detail::attempt_until(deadline, [this](auto limit) { return lock_waiting(limit); });
    }
    /// Gives the mutex to the next in line, if anybody is. By whoever took it: the same fiber, or the same thread.
    void unlock() noexcept {
        if (!word_.try_give_back()) [[unlikely]]
            hand_over();
    }

    class locking_arm;
    /// "The mutex is mine", as a case.
    struct locking_case {
        /// For `select`.
        using select_arm_type = locking_arm;
        /// Which one.
        mutex* of;
    };
    /// Taking the mutex, as a case of `select`: its result is a `std::unique_lock` that holds it. When another case wins, it was
    /// not taken.
    [[nodiscard]] locking_case locking() noexcept { return {this}; }

private:
    friend class detail::line_arm<mutex>;

    // [guarded] Takes it, or leaves word that somebody waits.
    bool try_now() noexcept { return word_.take_or_announce(!line_.waiting.empty()); }
    bool lock_waiting(detail::nanoseconds_t deadline);
    void lock_after_others();
    void hand_over() noexcept;

    detail::lock_word word_;
    detail::line line_;
};

/// What taking a mutex becomes in a select.
class mutex::locking_arm : public detail::line_arm<mutex> {
public:
    /// Of that mutex.
    explicit locking_arm(locking_case from) noexcept : line_arm(*from.of, from.of->line_) {}
    /// It is taken by now.
    std::unique_lock<mutex> take() { return {owner(), std::adopt_lock}; }
};

}  // namespace mioco
