// SPDX-License-Identifier: MPL-2.0
#include <mutex>
#include <string>

#include <mioco/latch.hpp>

#include "base/count_text.hpp"
#include "sync/refuse.hpp"

namespace mioco {

namespace detail {

countdown::countdown(std::ptrdiff_t count, const char* whose) : count_(count) {
    if (count >= 0) return;
    refuse(std::errc::invalid_argument, std::string(whose) + "(" + std::to_string(count) +
                                            "): it cannot begin with less than 0");
}

std::optional<std::ptrdiff_t> countdown::add(std::ptrdiff_t change) noexcept {
    wake_list woken;
    {
        const std::scoped_lock held(line_.guard);
        if (change < 0 ? count_ + change < 0 : change > most - count_) return count_;
        count_ += change;
        if (count_ == 0) woken.claim_all(line_.waiting);
    }
    woken.carry_out();
    return std::nullopt;
}

bool countdown::wait(wait_reason why, nanoseconds_t deadline) const {
    return take_turn(line_, why, {.deadline = deadline}, [this] { return try_now(); });
}

std::ptrdiff_t countdown::count() const noexcept {
    const std::scoped_lock held(line_.guard);
    return count_;
}

}  // namespace detail

void latch::count_down(std::ptrdiff_t update) {
    const auto left = update < 0 ? left_.count() : left_.add(-update);
    if (!left) return;
    detail::refuse(std::errc::invalid_argument, "latch::count_down(" + std::to_string(update) +
                                                    ") with " + std::to_string(*left) +
                                                    " left: " + detail::allowed_up_to(*left));
}

void wait_group::add(std::ptrdiff_t count) {
    const auto there = left_.add(count);
    if (!there) return;
    const std::string what = "wait_group::add(" + std::to_string(count) + ") with " +
                             std::to_string(*there) + " under way: ";
    if (count < 0)
        detail::refuse(std::errc::invalid_argument, what + "there cannot be less than none");
    detail::refuse(std::errc::value_too_large,
                   what + "there cannot be more than " + std::to_string(detail::countdown::most));
}

void wait_group::done() {
    if (!left_.add(-1)) return;
    detail::refuse(std::errc::invalid_argument, "wait_group::done was called more often than add");
}

}  // namespace mioco
