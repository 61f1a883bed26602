// SPDX-License-Identifier: MPL-2.0
#include "offload/detached_call.hpp"

#include <utility>

#include "fiber/parking.hpp"
#include "runtime/fork_guard.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/wake.hpp"

namespace mioco::detail {

wait_arm wait_for_post(fiber& self, wait_slot& end, wait_reason why, nanoseconds_t deadline,
                       parking::cancelling mode) noexcept {
    parking wait(self, why, deadline, mode);
    if (end.arm_any(wait.token()) == wait_slot::arming::armed) {
        wait.park();
    } else {
        wait.abandon();
    }
    end.disarm(wait.token());
    return wait.ended_by();
}

void detached_call::on_pool(void* context) noexcept {
    auto& call = *static_cast<detached_call*>(context);
    const std::shared_ptr<detached_call> until_told = std::move(call.self_);
    if (!call.job_.refused) call.make();
    if (const wait_token waiting = call.end_.post()) waker().wake(waiting);
}

detached_call::outcome detached_call::run(const std::shared_ptr<detached_call>& call,
                                          wait_reason why, nanoseconds_t deadline) {
    fiber* const self = current_fiber();
    if (self == nullptr) {
        call->make();
        return outcome::done;
    }
    refuse_after_fork("an offloaded call");
    spend(*self);
    if (interruption(*self) != 0) return outcome::cancelled;
    offload_pool& pool = self->on->home().offloads();
    call->self_ = call;
    pool.post(call->job_);
    const wait_arm by = wait_for_post(*self, call->end_, why, deadline);
    if (call->end_.is_ready()) return call->job_.refused ? outcome::no_thread : outcome::done;
    if (pool.withdraw(call->job_)) call->self_.reset();
    return by == wait_arm::cancel ? outcome::cancelled : outcome::timed_out;
}

}  // namespace mioco::detail
