// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/detail/wait_queue.hpp>

namespace mioco::detail {

/// A guard and those who wait in line for what it guards: what locks, semaphores and events are made of.
class line {
public:
    constexpr line() noexcept = default;
    line(const line&) = delete;
    line& operator=(const line&) = delete;
    /// Who has let the last user go may not have given the guard back yet.
    ~line() { guard.lock(); }

    spin_lock guard;
    arm_queue waiting;
};

/// Waits in line until `try_now`, which is asked under the guard, says true. At the deadline false. Throws when the caller is
/// cancelled, unless that is masked. Whoever claims the wait has done for it what `try_now` does.
template <class TryNow>
bool take_turn(line& at, wait_reason why, const wait_options& options, TryNow try_now) {
    bool may_wait = options.masked ? begin_to_lock(why) : begin_operation(why);
    for (;;) {
        at.guard.lock();
        if (try_now()) {
            at.guard.unlock();
            return true;
        }
        if (may_wait) break;
        at.guard.unlock();
        prepare_to_wait();
        may_wait = true;
    }
    queued_arm arm;
    const wait_end end = wait_in_line(at.guard, at.waiting, arm, why, options);
    if (end == wait_end::interrupted) throw_interrupted(why);
    return end == wait_end::claimed;
}

}  // namespace mioco::detail
