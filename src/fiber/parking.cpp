// SPDX-License-Identifier: MPL-2.0
#include "fiber/parking.hpp"

#include <cerrno>

#include <mioco/error.hpp>

namespace mioco::detail {

void parking::abandon() noexcept {
    if (self_.word.claim(token_.epoch(), wait_arm::self)) {
        static_cast<void>(self_.word.complete());
    } else {
        park();
    }
}

cancel_shield::cancel_shield() noexcept : fiber_(current_fiber()) {
    constexpr std::uint8_t most = 255;
    if (fiber_ != nullptr && fiber_->shields == most) fiber_ = nullptr;
    if (fiber_ != nullptr) ++fiber_->shields;
}

cancel_shield::~cancel_shield() {
    if (fiber_ != nullptr) --fiber_->shields;
}

ssize_t yield_with(fiber& self, ssize_t result) noexcept {
    self.on->yield_spent(self);
    return result;
}

void throw_cancelled() {
    // Who swallows it and calls again is thrown it at once: nothing else would let those run that are to end.
    if (fiber* const self = current_fiber()) spend(*self);
    throw fiber_cancelled();
}

void throw_if_cancel(std::int64_t failure) {
    const fiber* const self = current_fiber();
    if (failure == -ECANCELED && self != nullptr && is_fiber_cancelled(*self)) throw_cancelled();
}

}  // namespace mioco::detail
