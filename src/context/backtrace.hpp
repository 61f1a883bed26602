// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ucontext.h>

namespace mioco::detail {

/// Finds out who called whom in a suspended flow of control, without disturbing it: in a copy of its stack, from the saved stack
/// pointer up to the first frame. `copy` must be as far from a multiple of a page as the original. Writes the addresses of the
/// calls into `found`, the innermost first, and returns how many there are. Changes the copy.
std::size_t find_calls(std::span<std::uint64_t> copy, std::uintptr_t original,
                       std::span<std::uintptr_t> found) noexcept;

/// The registers of a flow of control that a signal has interrupted, by an unwinder's numbers; of 64-bit ARM only those that it takes.
struct interrupted_registers {
#if defined(__x86_64__)
    std::array<std::uint64_t, 17> words{};
    [[nodiscard]] std::uint64_t stack_pointer() const noexcept { return words[7]; }
#elif defined(__aarch64__)
    std::array<std::uint64_t, 3> words{};  // frame pointer, stack pointer, and where it is
    [[nodiscard]] std::uint64_t stack_pointer() const noexcept { return words[1]; }
#endif
    interrupted_registers() = default;
    explicit interrupted_registers(const ucontext_t& of) noexcept;
};

/// The same of one that was interrupted. The first address is where it was.
std::size_t find_interrupted_calls(std::span<std::uint64_t> copy, std::uintptr_t original,
                                   interrupted_registers registers,
                                   std::span<std::uintptr_t> found) noexcept;

}  // namespace mioco::detail
