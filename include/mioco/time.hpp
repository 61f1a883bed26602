// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <type_traits>

namespace mioco {

/// What time it is: in a simulation the virtual time, elsewhere that of `std::chrono::steady_clock`. A program that takes its deadlines
/// from here can be simulated as it is. Costs a look at the clock. Does not block, is no cancellation point, and any thread may call it.
/// In a simulation a look takes `sim::config::time_of_look`. New here.
[[nodiscard]] std::chrono::steady_clock::time_point now() noexcept;

namespace detail {
using steady = std::chrono::steady_clock;
void sleep_until_steady(steady::time_point deadline);

// Saturates: hours::max() means "for ever", not an overflow into the past.
template <class Rep, class Period>
steady::time_point deadline_after(const std::chrono::duration<Rep, Period>& wait,
                                  steady::time_point now) {
    using seconds = std::chrono::duration<double>;
    if (wait <= wait.zero()) return now;
    if (seconds(wait) >= seconds(steady::time_point::max() - now)) return steady::time_point::max();
    return now + std::chrono::ceil<steady::duration>(wait);
}

// The same of a time: time_point<steady_clock, hours>::max() means "never", and time_point::min() has long passed.
template <class Duration>
steady::time_point time_at(const std::chrono::time_point<steady, Duration>& when) {
    using seconds = std::chrono::duration<double>;
    const Duration since = when.time_since_epoch();
    if (since <= since.zero()) return steady::time_point();
    if (seconds(since) >= seconds(steady::duration::max())) return steady::time_point::max();
    return std::chrono::ceil<steady::duration>(when);
}

// For a time of any clock. That of another one than the monotonic clock may be set while somebody waits: if it was set back, there is
// time left afterwards.
template <class Clock, class Duration>
steady::time_point time_for(const std::chrono::time_point<Clock, Duration>& when) {
    if constexpr (std::is_same_v<Clock, steady>) {
        return time_at(when);
    } else {
        using seconds = std::chrono::duration<double>;
        const auto there = Clock::now();
        const seconds left = seconds(when.time_since_epoch()) - seconds(there.time_since_epoch());
        if (left <= seconds(0)) return steady::time_point();
        if (left >= seconds(std::chrono::years(100))) return steady::time_point::max();
        return deadline_after(when - there, now());
    }
}
// After a wait until then by the monotonic clock, which nobody sets.
template <class Clock, class Duration>
bool has_come(const std::chrono::time_point<Clock, Duration>& when) {
    return std::is_same_v<Clock, steady> || Clock::now() >= when;
}
}  // namespace detail

/// Lets other fibers that are ready run before the caller goes on. Costs nanoseconds, and never sleeps: with nobody else
/// ready it returns. Outside of fibers it yields the thread. A cancellation point. The original's `yield_now`, since 0.2.
void yield();

/// Parks the calling fiber until the clock reaches `deadline`; outside of fibers it blocks the thread. Never
/// wakes early. The precision is the kernel's (tens of microseconds), and no tick rounds it. A deadline in the past
/// returns at once. Another clock than `steady_clock` that is set forward meanwhile does not end it. A cancellation point.
template <class Clock, class Duration>
void sleep_until(const std::chrono::time_point<Clock, Duration>& deadline) {
    do detail::sleep_until_steady(detail::time_for(deadline));
    while (!detail::has_come(deadline));
}

/// Parks the calling fiber for at least `wait`; outside of fibers it blocks the thread. Zero or less returns at once. A
/// cancellation point. The original's `sleep`, since 0.1.
template <class Rep, class Period>
void sleep_for(const std::chrono::duration<Rep, Period>& wait) {
    detail::sleep_until_steady(detail::deadline_after(wait, now()));
}

}  // namespace mioco
