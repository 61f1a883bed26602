// SPDX-License-Identifier: MPL-2.0
#include <mioco/detail/wait_queue.hpp>

#include <system_error>

#include "fiber/blocked_thread.hpp"
#include "fiber/parking.hpp"
#include "sched/wake_inline.hpp"
#include "sched/worker_switch.hpp"

namespace mioco::detail {

namespace {

// Of a plain thread, which may wait only once it is prepared to.
bool begin_on_thread(wait_reason why) {
    if (caller_interruption() != 0) throw_interrupted(why);
    return false;
}

}  // namespace

bool begin_operation(wait_reason why) {
    fiber* const running = current_fiber();
    if (running == nullptr) [[unlikely]]
        return begin_on_thread(why);
    if (interruption(*running) != 0) [[unlikely]]
        throw_interrupted(why);
    spend(*running);
    return true;
}

bool begin_to_lock(wait_reason why) {
    fiber* const running = current_fiber();
    if (running == nullptr) return begin_on_thread(why);
    if (deadline_has_passed(*running)) throw_deadline_passed(why);
    spend(*running);
    return true;
}

void begin_attempt() noexcept {
    if (fiber* const running = current_fiber()) spend(*running);
}

bool spend_holding() noexcept {
    fiber* const running = current_fiber();
    return running != nullptr && --running->budget < 0;
}

void throw_no_channel() {
    begin_attempt();
    throw std::system_error(
        std::make_error_code(std::errc::invalid_argument),
        "mioco: use of an end of no channel: it was moved from, used up, or made without one");
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
    return by == wait_arm::timer ? wait_end::timed_out : wait_end::interrupted;
}

}  // namespace

wait_end wait_last_in_line(spin_lock& guard, arm_queue& line, queued_arm& arm, wait_reason why,
                           nanoseconds_t deadline) noexcept {
    fiber* const running = current_fiber();
    if (running == nullptr) [[unlikely]]
        return wait_in_line(guard, line, arm, why, {.deadline = deadline});
    fiber& self = *running;
    worker& here = *self.on;
    const wait_masks masks = masks_of(self, here);
    nanoseconds_t before = never;
    if (deadline != never) before = set_own_deadline(self, deadline, masks);
    arm.token = open_wait(self, why, masks).raw();
    line.push(arm);
    guard.unlock();
    if (deadline == never) {
        here.park_here(self);
    } else {
        here.park_timed(self);
    }
    const wait_arm by = who_ended(self);
    if (deadline != never) self.timer.set(before);
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
