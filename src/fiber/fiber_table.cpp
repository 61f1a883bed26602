// SPDX-License-Identifier: MPL-2.0
#include "fiber/fiber_table.hpp"

namespace mioco::detail {

static_assert(sizeof(context) != sizeof(void*) || sizeof(fiber) == 256,
              "the memory of a parked fiber counts");

constinit fiber_table all_fibers;

}  // namespace mioco::detail
