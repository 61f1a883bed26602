// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <ucontext.h>

namespace mioco::detail {

/// Where a signal has interrupted a flow of control.
struct interrupted_place {
    std::uint64_t code = 0;
    std::uint64_t stack_pointer = 0;
    std::uint64_t frame_pointer = 0;

    interrupted_place() = default;
    explicit interrupted_place(const ucontext_t& of) noexcept;
};

/// Finds out who called whom there, in a copy of the stack from the stack pointer up: the place itself first, then the calls, the innermost
/// first. On x86-64 there may be some among them that have returned already. Reads nothing but the copy and code.
std::size_t find_interrupted_calls(std::span<const std::uint64_t> copy,
                                   const interrupted_place& place,
                                   std::span<std::uintptr_t> found) noexcept;

}  // namespace mioco::detail
