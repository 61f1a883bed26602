// SPDX-License-Identifier: MPL-2.0
#include <mutex>

#include <mioco/once.hpp>

namespace mioco {

// Whether the caller is to do it. Who is claimed in line takes the place of one who failed, or finds it done.
bool once_flag::begin() {
    detail::take_turn(line_, detail::wait_reason::once, {}, [this] {
        if (done_.load(std::memory_order_relaxed)) return true;
        return !std::exchange(under_way_, true);
    });
    return !done_.load(std::memory_order_acquire);
}

void once_flag::end(bool succeeded) noexcept {
    detail::wake_list woken;
    {
        const std::scoped_lock held(line_.guard);
        if (succeeded) {
            done_.store(true, std::memory_order_release);
            woken.claim_all(line_.waiting);
        }
        under_way_ = false;
        while (!succeeded && !under_way_ && !line_.waiting.empty())
            under_way_ = woken.claim(*line_.waiting.pop());
    }
    woken.carry_out();
}

}  // namespace mioco
