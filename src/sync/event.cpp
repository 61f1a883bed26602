// SPDX-License-Identifier: MPL-2.0
#include <mutex>
#include <utility>

#include <mioco/event.hpp>

namespace mioco {

void event::notify() noexcept {
    detail::wake_list woken;
    {
        const std::scoped_lock held(line_.guard);
        raised_ = true;
        woken.claim_all(line_.waiting);
    }
    woken.carry_out();
}

void event::reset() noexcept {
    const std::scoped_lock held(line_.guard);
    raised_ = false;
}

bool event::try_wait() noexcept {
    detail::begin_attempt();
    const std::scoped_lock held(line_.guard);
    return std::exchange(raised_, false);
}

bool event::wait_until_ns(detail::nanoseconds_t deadline) {
    return take_turn(line_, detail::wait_reason::event, {.deadline = deadline},
                     [this] { return try_now(); });
}

}  // namespace mioco
