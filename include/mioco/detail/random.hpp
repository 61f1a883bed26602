// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

namespace mioco::detail {

/// A number from 0 to `count` - 1, to be fair with rather than to keep secrets with: one seed of the driver's a thread.
std::uint32_t random_below(std::uint32_t count) noexcept;

}  // namespace mioco::detail
