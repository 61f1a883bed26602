// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "fiber/fiber.hpp"

namespace mioco::detail {

/// Room for the copy of a stack, from the first one needed on.
class stack_copies {
public:
    stack_copies() = default;
    ~stack_copies();
    stack_copies(const stack_copies&) = delete;
    stack_copies& operator=(const stack_copies&) = delete;

    /// Copies the frames of a fiber whose wait of this epoch was parked at a look before. Empty if that is over, if they are too
    /// many, or if there is no memory. `original`: where they stand.
    std::span<std::uint64_t> copy(fiber& f, std::uint64_t epoch, std::uintptr_t& original) noexcept;

    static constexpr std::size_t most_bytes = std::size_t{1} << 20;

private:
    std::byte* memory_ = nullptr;
};

/// What an onlooker saw of a fiber, at one moment.
struct fiber_look {
    enum class state : std::uint8_t { running, ready, kept, parked };

    std::uint64_t id = 0;
    state what = state::ready;
    bool has_begun = false;
    bool is_asked_to_stop = false;
    wait_reason why = wait_reason::none;  // parked
    std::uint32_t parked_at = 0;          // parked, see `clock_stamp`
    unsigned on_worker = 0;               // running
    std::uint32_t joiner = 0;             // block of who joins it, or 0
    char name[64] = {};
    char runtime[32] = {};
    std::array<std::uintptr_t, 32> calls{};  // parked
    std::size_t call_count = 0;

    /// Looks at a fiber, whatever it does. False if the block is that of no fiber just now, or of one of another runtime than
    /// `only` (if that is not null).
    bool take(fiber& f, const runtime_core* only, stack_copies& copies) noexcept;

private:
    void look_at_wait(fiber& f, stack_copies& copies) noexcept;
};

}  // namespace mioco::detail
