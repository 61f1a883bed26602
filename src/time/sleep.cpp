// SPDX-License-Identifier: MPL-2.0
#include "time/sleep.hpp"

#include <algorithm>

#include <mioco/time.hpp>

#include "fiber/parking.hpp"
#include "io/driver.hpp"
#include "sched/worker.hpp"

namespace mioco {

std::chrono::steady_clock::time_point now() noexcept {
    return detail::steady::time_point(std::chrono::nanoseconds(detail::current_driver().now()));
}

void yield() {
    detail::fiber* const self = detail::current_fiber();
    if (self == nullptr) {
        if (detail::caller_interruption() != 0)
            detail::throw_interrupted(detail::wait_reason::yield);
        return detail::current_driver().yield_thread();
    }
    detail::throw_if_interrupted(*self, detail::wait_reason::yield);
    self->on->yield(*self);
    detail::throw_if_interrupted(*self, detail::wait_reason::yield);
}

namespace detail {

namespace {

// No further than a deadline of `with_deadline` allows.
int sleep_on_thread(nanoseconds_t until) {
    const fiber* const self = known_waiter();
    const nanoseconds_t bound = self == nullptr ? never : thread_deadline(*self);
    if (const int why = caller_interruption()) return why;
    current_driver().sleep_until(std::min(until, bound));
    return until > bound ? caller_interruption() : 0;
}

}  // namespace

void sleep_until_steady(steady::time_point deadline) {
    const nanoseconds_t until = std::chrono::nanoseconds(deadline.time_since_epoch()).count();
    if (sleep_or_fail(until) != 0) throw_interrupted(wait_reason::sleep);
}

int sleep_or_fail(nanoseconds_t until) {
    fiber* const self = current_fiber();
    if (self == nullptr) return sleep_on_thread(until);
    if (const int why = interruption(*self)) return why;
    spend(*self);
    while (current_driver().now() < until) {
        parking wait(*self, wait_reason::sleep, until);
        wait.park();
        static_cast<void>(wait.ended_by());
        // Also when a scheduler dropped it after its time had come.
        if (const int why = interruption(*self)) return why;
    }
    return 0;
}

}  // namespace detail
}  // namespace mioco
