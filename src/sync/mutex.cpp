// SPDX-License-Identifier: MPL-2.0
#include <mioco/mutex.hpp>

namespace mioco {

namespace {

// How often others may pass a thread that was woken, before the mutex is handed to it. Each time costs it a sleep of the system's,
// during which fibers take and give back the mutex a hundred times.
constexpr unsigned most_passes = 8;

struct waiting_thread {
    unsigned passed = 0;
};

}  // namespace

bool mutex::try_now() noexcept {
    std::uint32_t old = state_.load(std::memory_order_relaxed);
    for (;;) {
        if (old == free) {
            const std::uint32_t taken = line_.waiting.empty() ? held : awaited;
            if (state_.compare_exchange_weak(old, taken, std::memory_order_acquire,
                                             std::memory_order_relaxed))
                return true;
        } else if (old == awaited ||
                   state_.compare_exchange_weak(old, awaited, std::memory_order_relaxed)) {
            return false;
        }
    }
}

bool mutex::lock_waiting(detail::nanoseconds_t deadline) {
    const bool in_fiber = detail::begin_masked_operation();
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
        if (end != detail::wait_end::claimed) return false;
        if (!arm.refused) return true;
        ++here.passed;
    }
}

void mutex::hand_over() noexcept {
    detail::wake_up woken;
    {
        const std::scoped_lock held_here(line_.guard);
        bool given = false;
        while (!woken) {
            detail::queued_arm* const first = line_.waiting.pop();
            if (first == nullptr) break;
            const auto* const thread = static_cast<const waiting_thread*>(first->item);
            first->refused = thread != nullptr && thread->passed < most_passes;
            given = !first->refused;
            woken = detail::wake_up::claim(*first);
        }
        if (!woken || !given) {
            state_.store(free, std::memory_order_release);
        } else if (line_.waiting.empty()) {
            state_.store(held, std::memory_order_relaxed);
        }
    }
    woken.carry_out();
}

}  // namespace mioco
