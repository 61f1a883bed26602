// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

#include <mioco/detail/deadline.hpp>
#include <mioco/time.hpp>

namespace mioco {

namespace detail {

struct fiber;

/// What `with_deadline` puts on the caller's stack: the calls of that fiber, or thread, are bounded while it lives.
class deadline_region {
public:
    /// `limit`: as it was asked for, for messages; `never`: as a time. Throws std::bad_alloc.
    deadline_region(nanoseconds_t at, nanoseconds_t limit);
    ~deadline_region();
    deadline_region(const deadline_region&) = delete;
    deadline_region& operator=(const deadline_region&) = delete;

private:
    friend struct interruptions;

    // How deep the caller was in shields, and in the unwinding of exceptions: deeper, it does not see the deadline.
    struct depth {
        unsigned in_flight = 0;
        unsigned shields = 0;
        friend bool operator==(const depth&, const depth&) = default;
    };

    fiber& self_;
    deadline_region* outer_;
    nanoseconds_t timer_before_;
    nanoseconds_t at_;
    nanoseconds_t limit_;
    depth depth_;
    std::uint8_t looks_ = 0;
    bool has_passed_ = false;
};

}  // namespace detail

/// Runs `f` so that none of the library's calls in it waits for longer than until `wait` from now, and returns what `f` returns or
/// throws what it throws. A call that would wait on throws `std::system_error` with `std::errc::timed_out`, which names the call and the
/// limit; its `error_code` form sets that. So does every later call in `f` that could wait. What was received is not lost: it is
/// returned, or stays where it was. After a part of a `write_all` or `read_exactly` it is an `io_error` that tells how much.
///
///     const auto reply = mioco::with_deadline(2s, [&] {
///         auto server = mioco::net::tcp_stream::connect(address);
///         server.write_all(request);
///         return read_reply(server);
///     });
///
/// Nested, the earlier one counts. It bounds all that waits: connecting, accepting, reading, locks, channels, `select`, joins, sleeps,
/// and calls of `offload` that have not begun (one that runs is waited for). Code that only computes is not interrupted. A few calls
/// that are ready may still succeed after the deadline, as not each reads the clock.
///
/// Inside of a `shield`, and while an exception unwinds the stack, deadlines from outside are not seen; one that is set there is. A
/// destructor that locks or waits, and runs for another reason, may throw: put that into a `shield`. Works in
/// fibers and on plain threads. Throws `std::bad_alloc`, the first time in a fiber. No cancellation point itself. New here.
template <class Rep, class Period, class F>
    requires std::invocable<F>
std::invoke_result_t<F> with_deadline(const std::chrono::duration<Rep, Period>& wait, F&& f) {
    const auto from = now();
    const auto until = detail::deadline_after(wait, from);
    const detail::deadline_region bounded(detail::deadline_at(until),
                                          std::chrono::nanoseconds(until - from).count());
    return std::invoke(std::forward<F>(f));
}

/// The same until a time. One of another clock than `steady_clock` is converted at the start.
template <class Clock, class Duration, class F>
    requires std::invocable<F>
std::invoke_result_t<F> with_deadline(const std::chrono::time_point<Clock, Duration>& when, F&& f) {
    const detail::deadline_region bounded(detail::deadline_at(detail::time_for(when)),
                                          detail::never);
    return std::invoke(std::forward<F>(f));
}

}  // namespace mioco
