// SPDX-License-Identifier: MPL-2.0
#include "fiber/parking.hpp"

#include <mioco/error.hpp>

namespace mioco::detail {

void parking::abandon() noexcept {
    if (self_.word.claim(epoch_, wait_arm::self)) {
        static_cast<void>(self_.word.complete());
    } else {
        park();
    }
}

void throw_cancelled() { throw fiber_cancelled(); }

}  // namespace mioco::detail
