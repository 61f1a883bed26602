// SPDX-License-Identifier: MPL-2.0
#include "runtime/cancel.hpp"

#include <mioco/detail/fiber_handle.hpp>
#include <mioco/shield.hpp>
#include <mioco/this_fiber.hpp>

#include "fiber/parking.hpp"
#include "fiber/stop_sources.hpp"
#include "sched/scheduler_seat.hpp"
#include "sched/wake.hpp"

// How one fiber is asked to stop; see fiber/cancel_request.hpp for the protocol.

namespace mioco::detail {

namespace {

// What is kept at the second look was at the first, and so all the time between: an epoch does not come back.
bool take_from_scheduler(fiber& f, const runtime_core* home) noexcept {
    const auto epoch = f.word.kept_epoch();
    return epoch && f.home.load(std::memory_order_acquire) == home && f.word.take(*epoch);
}

}  // namespace

void cancel(fiber& f, const runtime_core* home) noexcept {
    const auto id = request_cancel(f, home);
    if (!id) return;
    if (take_from_scheduler(f, home)) scheduler_seat::give_to_runtime(f);
    if (const auto epoch = wait_to_cancel(f, home, *id))
        waker(wait_arm::cancel).wake(f.token(*epoch));
    tell_of_cancel(*id);
}

void cancel_fiber(fiber& f) noexcept {
    // The block stays this fiber's while there is a handle, so without a home it has ended.
    if (const runtime_core* const home = f.home.load(std::memory_order_acquire)) cancel(f, home);
    begin_attempt();
}

shield_region::shield_region() noexcept : fiber_(raise_shield()) {}

shield_region::~shield_region() { lower_shield(fiber_); }

}  // namespace mioco::detail

namespace mioco::this_fiber {

bool cancel_requested() noexcept {
    detail::begin_attempt();
    const detail::fiber* const self = detail::current_fiber();
    return self != nullptr && self->cancel_requested();
}

std::stop_token stop_token() {
    detail::fiber* const self = detail::current_fiber();
    return self == nullptr ? std::stop_token() : detail::stop_token_of(*self);
}

}  // namespace mioco::this_fiber
