// SPDX-License-Identifier: MPL-2.0
#include <mutex>
#include <optional>
#include <string>

#include <mioco/semaphore.hpp>

#include "base/count_text.hpp"
#include "sync/refuse.hpp"

namespace mioco::detail {

semaphore_core::semaphore_core(std::ptrdiff_t count, std::ptrdiff_t most) : count_(count) {
    if (count >= 0 && count <= most) return;
    refuse(std::errc::invalid_argument,
           "a semaphore is made with " + counted(count, "permit") + ": " + allowed_up_to(most));
}

void semaphore_core::release(std::ptrdiff_t count, std::ptrdiff_t most) {
    if (count < 0) {
        refuse(std::errc::invalid_argument,
               "a semaphore is given " + counted(count, "permit") + ": that cannot be less than 0");
    }
    if (const auto there = give(count, most)) {
        refuse(std::errc::value_too_large, "a semaphore that has " + counted(*there, "permit") +
                                               " is given " + std::to_string(count) +
                                               ": its maximum is " + std::to_string(most));
    }
}

std::optional<std::ptrdiff_t> semaphore_core::give(std::ptrdiff_t count,
                                                   std::ptrdiff_t most) noexcept {
    wake_list woken;
    {
        const std::scoped_lock held(line_.guard);
        if (count > most - count_) return count_;
        while (count > 0 && !line_.waiting.empty()) {
            if (woken.claim(*line_.waiting.pop())) --count;
        }
        count_ += count;
    }
    woken.carry_out();
    return std::nullopt;
}

bool semaphore_core::try_now() noexcept {
    if (count_ == 0) return false;
    --count_;
    return true;
}

bool semaphore_core::acquire(nanoseconds_t deadline) {
    return take_turn(line_, wait_reason::semaphore, {.deadline = deadline},
                     [this] { return try_now(); });
}

bool semaphore_core::try_acquire() noexcept {
    begin_attempt();
    const std::scoped_lock held(line_.guard);
    return try_now();
}

}  // namespace mioco::detail
