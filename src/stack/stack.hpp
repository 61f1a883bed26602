// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace mioco::detail {

/// Stacks come in sizes of a power of two, each with a guard or without: one pool a kind. One that is measured (see stack_measure) is of a kind
/// that no fiber asks for and no magazine holds, so that what is done for it costs the others nothing.
struct stack_kind {
    static constexpr std::uint8_t guarded_mark = 1;
    static constexpr std::uint8_t measured_mark = 2;

    std::uint8_t size_log2 = 0;
    std::uint8_t marks = 0;

    /// The kind for at least `bytes`, which the config has checked.
    static stack_kind of(std::size_t bytes, bool guarded) noexcept {
        return {static_cast<std::uint8_t>(std::bit_width(bytes - 1)),
                guarded ? guarded_mark : std::uint8_t{0}};
    }
    [[nodiscard]] bool is_guarded() const noexcept { return (marks & guarded_mark) != 0; }
    [[nodiscard]] bool is_measured() const noexcept { return (marks & measured_mark) != 0; }
    [[nodiscard]] stack_kind measured() const noexcept {
        return {size_log2, static_cast<std::uint8_t>(marks | measured_mark)};
    }
    [[nodiscard]] stack_kind not_measured() const noexcept {
        return {size_log2, static_cast<std::uint8_t>(marks & ~measured_mark)};
    }
    [[nodiscard]] std::size_t size_bytes() const noexcept { return std::size_t{1} << size_log2; }
    /// At the low end, which an overflow reaches first. Four pages, as a frame with a large buffer may jump over one; one
    /// page of a small stack.
    [[nodiscard]] std::size_t guard_bytes() const noexcept {
        constexpr std::size_t page = 4096;
        if (!is_guarded()) return 0;
        return size_log2 >= 16 ? 4 * page : page;
    }
    friend bool operator==(stack_kind, stack_kind) noexcept = default;
};

/// Address space for one fiber's frames; what was touched of it is memory. Empty: none.
struct stack {
    std::byte* base = nullptr;
    stack_kind kind;

    explicit operator bool() const noexcept { return base != nullptr; }
    [[nodiscard]] std::byte* bottom() const noexcept { return base + kind.guard_bytes(); }

    /// Where the first frame goes. Stacks lie at multiples of their size, so without this shift the hot lines of all of them
    /// would compete for the same few sets of the L1 cache.
    [[nodiscard]] std::byte* top() const noexcept {
        constexpr std::uintptr_t colours = 16;
        constexpr std::uintptr_t line = 64;
        const std::uintptr_t number = reinterpret_cast<std::uintptr_t>(base) >> kind.size_log2;
        return base + kind.size_bytes() - (number % colours) * line;
    }

    /// Whether an access to this address means that the stack is full.
    [[nodiscard]] bool guard_contains(const void* address) const noexcept {
        const auto* byte = static_cast<const std::byte*>(address);
        return byte >= base && byte < bottom();
    }
};

}  // namespace mioco::detail
