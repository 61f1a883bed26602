// SPDX-License-Identifier: MPL-2.0
#include <mioco/detail/wait_queue.hpp>

#include <system_error>

#include "fiber/blocked_thread.hpp"
#include "fiber/parking.hpp"
#include "sched/wake_inline.hpp"
#include "sched/worker_switch.hpp"

namespace mioco::detail {

bool begin_operation() {
    fiber* const running = current_fiber();
    if (running == nullptr) [[unlikely]]
        return false;
    if (is_fiber_cancelled(*running)) [[unlikely]]
        throw_cancelled();
    spend(*running);
    return true;
}

bool begin_masked_operation() noexcept {
    fiber* const running = current_fiber();
    if (running != nullptr) spend(*running);
    return running != nullptr;
}

void begin_attempt() noexcept {
    if (fiber* const running = current_fiber()) spend(*running);
}

void throw_no_channel() {
    begin_attempt();
    throw std::system_error(
        std::make_error_code(std::errc::invalid_argument),
        "mioco: use of an end of no channel: it was moved from, or made without one");
}

void prepare_to_wait() { require_blocking(current_waiter()); }

wake_up wake_up::claim(const queued_arm& arm) noexcept {
    const wait_token token(arm.token);
    fiber& waiter = all_fibers[token.index()];
    const worker* const here = current_worker();
    const auto as = static_cast<wait_arm>(arm.number);
    // Nothing but this worker, on which nobody else runs meanwhile, makes the fiber ready: so that may come later.
    if (here != nullptr && &here->home() == waiter.home.load(std::memory_order_relaxed) &&
        waiter.word.claim_if_parked(token, as)) [[likely]] {
        return {token.raw(), arm.number, true};
    }
    if (!waiter.word.claim(token.epoch(), as)) return {};
    return {token.raw(), arm.number, false};
}

void wake_up::make_ready() const noexcept {
    const wait_token token(token_);
    if (is_complete_ == 0) return waker(static_cast<wait_arm>(arm_)).complete(token);
    fiber& waiter = all_fibers[token.index()];
    MIOCO_LOG("wakes C%llu", static_cast<unsigned long long>(waiter.number()));
    current_worker()->make_ready(waiter);
}

namespace {

// What ended a wait that nobody in line has claimed.
wait_end leave_line(spin_lock& guard, arm_queue& line, queued_arm& arm, wait_arm by) noexcept {
    guard.lock();
    if (arm.linked) line.remove(arm);
    guard.unlock();
    return by == wait_arm::timer ? wait_end::timed_out : wait_end::cancelled;
}

}  // namespace

wait_end wait_last_in_line(spin_lock& guard, arm_queue& line, queued_arm& arm, wait_reason why,
                           nanoseconds_t deadline) noexcept {
    fiber* const running = current_fiber();
    if (running == nullptr) [[unlikely]]
        return wait_in_line(guard, line, arm, why, {.deadline = deadline});
    fiber& self = *running;
    worker& here = *self.on;
    if (deadline != never) self.timer.set(deadline);
    arm.token = open_wait(self, why, is_fiber_masked(self, here)).raw();
    line.push(arm);
    guard.unlock();
    if (deadline == never) {
        here.park_here(self);
    } else {
        here.park_timed(self);
        self.timer.set(never);
    }
    const wait_arm by = self.word.winner();
    if (by == wait_arm::first) [[likely]]
        return wait_end::claimed;
    return leave_line(guard, line, arm, by);
}

wait_end wait_in_line(spin_lock& guard, arm_queue& line, queued_arm& arm, wait_reason why,
                      const wait_options& options) noexcept {
    fiber& self = current_waiter();
    parking wait(self, why, options.deadline,
                 options.masked ? parking::cancelling::masked : parking::cancelling::allowed);
    arm.token = wait.token().raw();
    if (options.where == place::last) [[likely]] {
        line.push(arm);
    } else if (options.where == place::first) {
        line.push_first(arm);
    }
    guard.unlock();
    wait.park();
    const wait_arm by = wait.ended_by();
    if (by == wait_arm::first) [[likely]]
        return wait_end::claimed;
    return leave_line(guard, line, arm, by);
}

}  // namespace mioco::detail
