// SPDX-License-Identifier: MPL-2.0
#include <future>
#include <mutex>
#include <utility>

#include <mioco/suspend.hpp>

namespace mioco::detail {

void suspension::wait() {
    try {
        take_turn(line_, wait_reason::callback, {}, [this] { return state_ != state::waits; });
    } catch (...) {
        if (leave()) throw;
    }
}

bool suspension::leave() noexcept {
    std::function<void()> hook;
    {
        const std::scoped_lock held(line_.guard);
        if (state_ == state::is_finished) return false;
        state_ = state::has_left;
        hook.swap(hook_);
    }
    if (hook) hook();
    return true;
}

bool suspension::finish() noexcept {
    wake_up woken;
    {
        const std::scoped_lock held(line_.guard);
        if (state_ == state::has_left) return false;
        state_ = state::is_finished;
        if (queued_arm* const waiter = line_.waiting.pop()) woken = wake_up::claim(*waiter);
    }
    woken.carry_out();
    return true;
}

void suspension::set_hook(std::function<void()> hook) {
    {
        const std::scoped_lock held(line_.guard);
        if (state_ != state::has_left) return hook_.swap(hook);
    }
    hook();
}

std::exception_ptr broken_promise() noexcept {
    return std::make_exception_ptr(std::future_error(std::future_errc::broken_promise));
}

}  // namespace mioco::detail
