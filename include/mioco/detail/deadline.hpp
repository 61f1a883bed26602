// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

#include <mioco/time.hpp>

namespace mioco::detail {

/// Nanoseconds of the monotonic clock.
using nanoseconds_t = std::int64_t;
inline constexpr nanoseconds_t never = std::numeric_limits<nanoseconds_t>::max();

template <class Duration>
nanoseconds_t deadline_at(const std::chrono::time_point<steady, Duration>& when) {
    return std::chrono::nanoseconds(time_at(when).time_since_epoch()).count();
}

template <class Rep, class Period>
nanoseconds_t deadline_in(const std::chrono::duration<Rep, Period>& wait) {
    return deadline_at(deadline_after(wait, now()));
}

/// `attempt(deadline)` waits until a time of the monotonic clock, and tells whether it got what it waited for. Again, if the clock of
/// `when` has been set back meanwhile.
template <class Clock, class Duration, class Attempt>
bool attempt_until(const std::chrono::time_point<Clock, Duration>& when, Attempt attempt) {
    do {
        if (attempt(deadline_at(time_for(when)))) return true;
    } while (!has_come(when));
    return false;
}

}  // namespace mioco::detail
