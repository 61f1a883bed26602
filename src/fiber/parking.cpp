// SPDX-License-Identifier: MPL-2.0
#include "fiber/parking.hpp"

namespace mioco::detail {

void parking::abandon() noexcept {
    if (self_.word.claim(token_.epoch(), wait_arm::self)) {
        static_cast<void>(self_.word.complete());
    } else {
        park();
    }
}

wait_token open_masked_wait(fiber& self, wait_reason why) noexcept {
    return open_wait(self, why, masks_inside(self));
}

ssize_t yield_with(fiber& self, ssize_t result) noexcept {
    self.on->yield_spent(self);
    return result;
}

}  // namespace mioco::detail
