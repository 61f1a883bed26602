// SPDX-License-Identifier: MPL-2.0
#include <mioco/mutex.hpp>

#include <utility>

namespace mioco {

namespace {

// How often others may pass a thread that was woken, before the mutex is handed to it. Each time costs it a sleep of the system's,
// during which fibers take and give back the mutex a hundred times.
constexpr unsigned most_passes = 8;
// How far an unlock looks behind threads that may be passed, as others spin meanwhile. Who stands further behind gets nearer, as those
// threads get the mutex.
constexpr unsigned most_looked_at = 32;

struct waiting_thread {
    unsigned passed = 0;
};

bool may_be_passed(const detail::queued_arm& arm) noexcept {
    const auto* const thread = static_cast<const waiting_thread*>(arm.item);
    return thread != nullptr && thread->passed < most_passes;
}

}  // namespace

bool mutex::lock_waiting(detail::nanoseconds_t deadline) {
    const bool in_fiber = detail::begin_to_lock(detail::wait_reason::lock);
    bool may_wait = in_fiber;
    waiting_thread here;
    for (;;) {
        line_.guard.lock();
        if (try_now()) {
            line_.guard.unlock();
            return true;
        }
        if (!may_wait) {
            line_.guard.unlock();
            detail::prepare_to_wait();
            may_wait = true;
            continue;
        }
        detail::queued_arm arm;
        if (!in_fiber) arm.item = &here;
        const auto where = here.passed > 0 ? detail::place::first : detail::place::last;
        const detail::wait_end end =
            wait_in_line(line_.guard, line_.waiting, arm, detail::wait_reason::lock,
                         {.deadline = deadline, .masked = true, .where = where});
        if (end == detail::wait_end::interrupted)
            detail::throw_deadline_passed(detail::wait_reason::lock);
        if (end != detail::wait_end::claimed) return false;
        if (!arm.refused) return true;
        ++here.passed;
    }
}

// Who has it, but has used up his operations, lets others run, and not with the mutex in hand.
void mutex::lock_after_others() {
    unlock();
    detail::begin_attempt();
    if (!word_.try_take()) lock_waiting(detail::never);
}

// The first that nobody may pass gets it. Of the threads before that one the first is woken all the same, to be in line again and
// passed once more, or to take the mutex if it went to nobody. So who comes later passes no fiber that is in line.
void mutex::hand_over() noexcept {
    detail::wake_up roused;
    detail::wake_up given;
    {
        const std::scoped_lock held_here(line_.guard);
        auto* next = line_.waiting.empty() ? nullptr : &line_.waiting.first();
        for (unsigned seen = 0; next != nullptr && !given; ++seen) {
            if (roused && seen >= most_looked_at) break;
            detail::queued_arm& each = *std::exchange(next, next->next);
            const bool refused = may_be_passed(each);
            if (refused && roused) continue;
            line_.waiting.remove(each);
            each.refused = refused;
            (refused ? roused : given) = detail::wake_up::claim(each);
        }
        if (given) {
            word_.hand_over(!line_.waiting.empty());
        } else {
            word_.let_go();
        }
    }
    roused.carry_out();
    given.carry_out();
}

}  // namespace mioco
