// SPDX-License-Identifier: MPL-2.0
#include <mioco/time.hpp>

#include "fiber/parking.hpp"
#include "io/driver.hpp"
#include "sched/worker.hpp"

namespace mioco {

void yield() {
    detail::fiber* const self = detail::current_fiber();
    if (self == nullptr) return detail::current_driver().yield_thread();
    detail::throw_if_cancelled(*self);
    self->on->yield(*self);
    detail::throw_if_cancelled(*self);
}

namespace detail {

steady::time_point now() {
    return steady::time_point(std::chrono::nanoseconds(current_driver().now()));
}

void sleep_until_steady(steady::time_point deadline) {
    fiber* const self = current_fiber();
    const nanoseconds_t until = std::chrono::nanoseconds(deadline.time_since_epoch()).count();
    if (self == nullptr) return current_driver().sleep_until(until);
    throw_if_cancelled(*self);
    spend(*self);
    while (current_driver().now() < until) {
        parking wait(*self, wait_reason::sleep, until);
        wait.park();
        throw_if_cancelled(*self);  // also when a scheduler dropped it after its time had come
    }
}

}  // namespace detail
}  // namespace mioco
