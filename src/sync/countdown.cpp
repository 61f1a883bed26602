// SPDX-License-Identifier: MPL-2.0
#include <mutex>
#include <system_error>

#include <mioco/latch.hpp>

namespace mioco {

namespace detail {

bool countdown::add(std::ptrdiff_t change) noexcept {
    wake_list woken;
    {
        const std::scoped_lock held(line_.guard);
        if (count_ + change < 0) return false;
        count_ += change;
        if (count_ == 0) woken.claim_all(line_.waiting);
    }
    woken.carry_out();
    return true;
}

bool countdown::wait(wait_reason why, nanoseconds_t deadline) {
    return take_turn(line_, why, {.deadline = deadline}, [this] { return try_now(); });
}

std::ptrdiff_t countdown::count() noexcept {
    const std::scoped_lock held(line_.guard);
    return count_;
}

}  // namespace detail

void wait_group::done() {
    if (!left_.add(-1)) {
        throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                                "mioco: wait_group::done was called more often than add");
    }
}

}  // namespace mioco
