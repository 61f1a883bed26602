// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mioco::detail {

/// Writes the addresses of the calls that the caller is in into `found`, the innermost first, and returns how many there are.
std::size_t find_own_calls(std::span<std::uintptr_t> found) noexcept;

}  // namespace mioco::detail
