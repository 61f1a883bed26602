// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Deadlines to wait for, also as cases of `select`.

#include <chrono>
#include <cstdint>
#include <utility>

#include <mioco/detail/deadline.hpp>
#include <mioco/detail/select_arm.hpp>
#include <mioco/time.hpp>

namespace mioco {

namespace detail {

class time_arm;

/// "It is that late", as a case.
struct time_case {
    using select_arm_type = time_arm;
    nanoseconds_t deadline;
    mutable bool is_far =
        false;  // not reached before the call that it is made for; who keeps it may look later

    [[nodiscard]] bool looks_ready() const noexcept { return !std::exchange(is_far, false); }
};

class time_arm : public select_arm {
public:
    explicit time_arm(time_case from) noexcept
        : select_arm(kind::timed), deadline_(from.deadline) {}
    bool try_take() override { return deadline_ != never && deadline_at(now()) >= deadline_; }
    [[nodiscard]] nanoseconds_t deadline() const noexcept override { return deadline_; }
    void take() {}

private:
    nanoseconds_t deadline_;
};

}  // namespace detail

/// As a case of `select`: that so much time has passed since this call. Any time is allowed; zero and less have passed.
template <class Rep, class Period>
[[nodiscard]] detail::time_case after(const std::chrono::duration<Rep, Period>& wait) {
    return {.deadline = detail::deadline_in(wait),
            .is_far = std::chrono::duration<double>(wait).count() >= 1};
}

/// As a case of `select`: that the monotonic clock has reached this time.
template <class Duration>
[[nodiscard]] detail::time_case at(
    const std::chrono::time_point<std::chrono::steady_clock, Duration>& when) {
    return {.deadline = detail::deadline_at(when)};
}

/// A deadline that can be moved. Nothing happens by itself when it is reached: from then on, until it is moved, waits for it
/// return at once. Setting it costs a look at the clock, at most, and a store. Used by one fiber or thread at a time. In the
/// original since 0.1.
class timer {
public:
    /// The clock of all deadlines.
    using clock = std::chrono::steady_clock;

    /// Expired.
    timer() : deadline_(now()) {}
    /// Expires when so much time has passed.
    template <class Rep, class Period>
    explicit timer(const std::chrono::duration<Rep, Period>& wait) {
        set(wait);
    }
    /// Expires at that time.
    explicit timer(clock::time_point when) noexcept : deadline_(when) {}

    /// Moves the deadline to so much time from now, whether it has expired or not.
    template <class Rep, class Period>
    void set(const std::chrono::duration<Rep, Period>& wait) {
        deadline_ = detail::deadline_after(wait, now());
    }
    /// Moves the deadline to that time.
    void set(clock::time_point when) noexcept { deadline_ = when; }
    /// Moves the deadline beyond all times.
    void clear() noexcept { deadline_ = clock::time_point::max(); }

    /// The deadline.
    [[nodiscard]] clock::time_point deadline() const noexcept { return deadline_; }
    /// Whether it has been reached.
    [[nodiscard]] bool expired() const { return now() >= deadline_; }
    /// Waits for the deadline, as `sleep_until` does.
    void wait() const { sleep_until(deadline_); }
    /// That the deadline has been reached, as a case of `select`. As it is now: to move the timer moves no case of it.
    [[nodiscard]] detail::time_case expiring() const { return at(deadline_); }

private:
    clock::time_point deadline_;
};

/// What an interval does about ticks that nobody was there to take.
enum class missed_ticks : std::uint8_t {
    burst,  ///< They are made up for: one after the other, at once. The default.
    delay,  ///< The next tick comes a period after the late one.
    skip    ///< They are left out; ticks stay at multiples of the period.
};

/// Ticks at a fixed period, without drift. Used by one fiber or thread at a time.
class interval {
public:
    /// The clock of all deadlines.
    using clock = std::chrono::steady_clock;

    /// The first tick comes a period from now. Throws `std::invalid_argument` unless the period is positive. A fraction of a
    /// nanosecond counts as one.
    template <class Rep, class Period>
    explicit interval(const std::chrono::duration<Rep, Period>& period,
                      missed_ticks policy = missed_ticks::burst)
        : interval(in_nanoseconds(period), policy) {}
    /// The same.
    explicit interval(clock::duration period, missed_ticks policy = missed_ticks::burst);

    /// Waits for the next tick, as `sleep_until` does, and returns when it was due.
    clock::time_point tick();

    class ticking_arm;
    /// "The next tick", as a case.
    struct ticking_case {
        /// For `select`.
        using select_arm_type = ticking_arm;
        /// Whose tick it is.
        interval* of;
    };
    /// The next tick, as a case of `select`. Its result is when the tick was due; when another case wins, the tick remains.
    [[nodiscard]] ticking_case ticking() noexcept { return {this}; }

    /// When the next tick is due.
    [[nodiscard]] clock::time_point next() const noexcept { return next_; }
    /// The time between two ticks.
    [[nodiscard]] clock::duration period() const noexcept { return period_; }
    /// The next tick comes a period from now.
    void reset();

private:
    // Away from zero, and no further than there are numbers. One that is not positive is for the message that says so.
    template <class Rep, class Period>
    static clock::duration in_nanoseconds(const std::chrono::duration<Rep, Period>& period) {
        using seconds = std::chrono::duration<double>;
        using time = std::chrono::time_point<clock, std::chrono::duration<Rep, Period>>;
        if (period > period.zero()) return detail::time_at(time(period)).time_since_epoch();
        if (seconds(period) <= seconds(clock::duration::min())) return clock::duration::min();
        return std::chrono::floor<clock::duration>(period);
    }
    clock::time_point take(clock::time_point now) noexcept;

    clock::duration period_;
    missed_ticks policy_;
    clock::time_point next_;
};

/// What an interval becomes in a select.
class interval::ticking_arm : public detail::select_arm {
public:
    /// Of that interval.
    explicit ticking_arm(ticking_case from) noexcept : select_arm(kind::timed), of_(*from.of) {}
    /// Whether a tick is due; takes none.
    bool try_take() override { return now() >= of_.next_; }
    /// The next tick.
    [[nodiscard]] detail::nanoseconds_t deadline() const noexcept override {
        return detail::deadline_at(of_.next_);
    }
    /// Takes the tick.
    clock::time_point take() { return of_.take(now()); }

private:
    interval& of_;
};

}  // namespace mioco
