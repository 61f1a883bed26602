// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "fiber/fiber.hpp"

namespace mioco::detail {

/// [any] Asks the fiber that the block is now to stop, if it is one of `home`'s, and ends its wait. The runtime need not be alive still.
void cancel(fiber& f, const runtime_core* home) noexcept;

}  // namespace mioco::detail
