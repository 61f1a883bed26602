// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mioco::detail {

/// Finds out who called whom in a suspended flow of control, without disturbing it: in a copy of its stack, from the saved stack
/// pointer up to the first frame. `copy` must be as far from a multiple of a page as the original. Writes the addresses of the
/// calls into `found`, the innermost first, and returns how many there are. Changes the copy.
std::size_t find_calls(std::span<std::uint64_t> copy, std::uintptr_t original,
                       std::span<std::uintptr_t> found) noexcept;

}  // namespace mioco::detail
