// SPDX-License-Identifier: MPL-2.0
#include <mutex>

#include <mioco/condition_variable.hpp>

#include "fiber/parking.hpp"
#include "sched/current.hpp"

namespace mioco {

void condition_variable::get_into_line(detail::line& line, detail::queued_arm& arm) {
    if (detail::current_fiber() == nullptr) detail::prepare_to_wait();
    const std::scoped_lock held(line.guard);
    line.waiting.push(arm);
}

bool condition_variable::leave(detail::line& line, detail::queued_arm& arm) noexcept {
    const std::scoped_lock held(line.guard);
    if (!arm.linked) return false;
    line.waiting.remove(arm);
    return true;
}

std::cv_status condition_variable::wait_in_line(detail::line& line, detail::queued_arm& arm,
                                                detail::nanoseconds_t deadline) {
    try {
        detail::begin_operation(detail::wait_reason::condition);
    } catch (...) {
        if (leave(line, arm)) throw;
        return std::cv_status::no_timeout;  // notified by now, which would be lost otherwise
    }
    line.guard.lock();
    if (!arm.linked) {
        line.guard.unlock();
        return std::cv_status::no_timeout;
    }
    const detail::wait_end end =
        detail::wait_in_line(line.guard, line.waiting, arm, detail::wait_reason::condition,
                             {.deadline = deadline, .where = detail::place::kept});
    if (end == detail::wait_end::interrupted)
        detail::throw_interrupted(detail::wait_reason::condition);
    return end == detail::wait_end::claimed ? std::cv_status::no_timeout : std::cv_status::timeout;
}

void condition_variable::shielded(void (*call)(void*), void* argument) {
    const detail::cancel_shield no_throwing;
    call(argument);
}

void condition_variable::notify_one() noexcept {
    detail::wake_list woken;
    {
        const std::scoped_lock held(line_->guard);
        while (detail::queued_arm* const first = line_->waiting.pop()) {
            if (first->token == 0 || woken.claim(*first)) break;
        }
    }
    woken.carry_out();
}

void condition_variable::notify_all() noexcept {
    detail::wake_list woken;
    {
        const std::scoped_lock held(line_->guard);
        while (detail::queued_arm* const first = line_->waiting.pop()) {
            if (first->token != 0) woken.claim(*first);
        }
    }
    woken.carry_out();
}

}  // namespace mioco
