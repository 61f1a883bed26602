// SPDX-License-Identifier: MPL-2.0
#include <mutex>
#include <system_error>

#include <mioco/semaphore.hpp>

namespace mioco::detail {

void semaphore_core::release(std::ptrdiff_t count, std::ptrdiff_t most) {
    if (count < 0) {
        throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                                "mioco: a semaphore is given a negative number of permits");
    }
    wake_list woken;
    {
        const std::scoped_lock held(line_.guard);
        if (count > most - count_) {
            throw std::system_error(std::make_error_code(std::errc::value_too_large),
                                    "mioco: a semaphore has more permits than its maximum");
        }
        while (count > 0 && !line_.waiting.empty()) {
            if (woken.claim(*line_.waiting.pop())) --count;
        }
        count_ += count;
    }
    woken.carry_out();
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
