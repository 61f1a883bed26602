// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "base/block_table.hpp"
#include "fiber/fiber.hpp"

namespace mioco::detail {

/// The control blocks of all fibers and blocked threads. Their numbers have 24 bits, so that one fits into a wait_token. Blocks
/// are made here, and then stay in the pool that took them.
using fiber_table = block_table<fiber, 4096, 4096>;

/// Never destroyed: threads may end after the destructors of static objects have begun.
extern constinit fiber_table all_fibers;

}  // namespace mioco::detail
