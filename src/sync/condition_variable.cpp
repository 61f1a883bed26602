// SPDX-License-Identifier: MPL-2.0
#include <mutex>

#include <mioco/condition_variable.hpp>

namespace mioco {

void condition_variable::get_into_line(detail::queued_arm& arm) noexcept {
    const std::scoped_lock held(line_.guard);
    line_.waiting.push(arm);
}

std::cv_status condition_variable::wait_in_line(detail::queued_arm& arm,
                                                detail::nanoseconds_t deadline) {
    struct leaving {
        detail::line& line;
        detail::queued_arm& arm;
        ~leaving() {
            const std::scoped_lock held(line.guard);
            if (arm.linked) line.waiting.remove(arm);
        }
    } const last{line_, arm};
    if (!detail::begin_operation()) detail::prepare_to_wait();
    line_.guard.lock();
    if (!arm.linked) {
        line_.guard.unlock();
        return std::cv_status::no_timeout;
    }
    const detail::wait_end end =
        detail::wait_in_line(line_.guard, line_.waiting, arm, detail::wait_reason::condition,
                             {.deadline = deadline, .where = detail::place::kept});
    if (end == detail::wait_end::cancelled) detail::throw_cancelled();
    return end == detail::wait_end::claimed ? std::cv_status::no_timeout : std::cv_status::timeout;
}

void condition_variable::notify_one() noexcept {
    detail::wake_list woken;
    {
        const std::scoped_lock held(line_.guard);
        while (detail::queued_arm* const first = line_.waiting.pop()) {
            if (first->token == 0 || woken.claim(*first)) break;
        }
    }
    woken.carry_out();
}

void condition_variable::notify_all() noexcept {
    detail::wake_list woken;
    {
        const std::scoped_lock held(line_.guard);
        while (detail::queued_arm* const first = line_.waiting.pop()) {
            if (first->token != 0) woken.claim(*first);
        }
    }
    woken.carry_out();
}

}  // namespace mioco
