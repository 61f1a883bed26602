// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace mioco::detail {

/// Stacks come in sizes of a power of two, each with a guard or without: one pool a kind.
struct stack_kind {
    std::uint8_t size_log2 = 0;
    bool guarded = false;

    /// The kind for at least `bytes`, which the config has checked.
    static stack_kind of(std::size_t bytes, bool guarded) noexcept {
        return {static_cast<std::uint8_t>(std::bit_width(bytes - 1)), guarded};
    }
    [[nodiscard]] std::size_t size_bytes() const noexcept { return std::size_t{1} << size_log2; }
    /// At the low end, which an overflow reaches first. Four pages, as a frame with a large buffer may jump over one; one
    /// page of a small stack.
    [[nodiscard]] std::size_t guard_bytes() const noexcept {
        constexpr std::size_t page = 4096;
        if (!guarded) return 0;
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
