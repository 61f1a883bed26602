// SPDX-License-Identifier: MPL-2.0
#include <mioco/detail/end_arm.hpp>

#include "fiber/fiber_pool.hpp"
#include "fiber/fiber_table.hpp"
#include "sched/current.hpp"
#include "wait/waiter_access.hpp"

namespace mioco::detail {

bool end_arm::try_take() {
    return joined_ == nullptr || joined_ == current_fiber() || joined_->end.is_ready();
}

bool end_arm::arm(const select_waiter& who) noexcept {
    const fiber* const caller = current_fiber();
    const auto home_of = [](const fiber& f) { return f.home.load(std::memory_order_relaxed); };
    if (caller == nullptr || home_of(*caller) != home_of(*joined_))
        joined_->pool->refuse_outsiders(joined_->tenancy, "joined a fiber");
    // Occupied: by the same handle in another case of this select.
    const auto found = joined_->end.arm_any(select_access::token(who));
    return found == wait_slot::arming::armed || found == wait_slot::arming::occupied;
}

void end_arm::disarm(const select_waiter& who) noexcept {
    joined_->end.disarm(select_access::token(who));
}

}  // namespace mioco::detail
