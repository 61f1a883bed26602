// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "fiber/wait_word.hpp"

namespace mioco::model {

/// What a wait word says: its epoch, its flags, and who claimed it. As the word lays them out.
inline std::string wait_word_text(std::uint64_t word) {
    constexpr std::array flags = {"CLAIMED", "DONE", "PARKED", "NO_CANCEL", "KEPT"};
    std::string text = "epoch " + std::to_string(word >> 24);
    for (std::size_t i = 0; i < flags.size(); ++i)
        if ((word >> i & 1) != 0) text += std::string(" ") + flags[i];
    if ((word & 1) == 0) return text;
    switch (const auto arm = static_cast<detail::wait_arm>(word >> 8 & 0xffff); arm) {
        case detail::wait_arm::closed:
            return text + " by a close";
        case detail::wait_arm::self:
            return text + " by itself";
        case detail::wait_arm::event:
            return text + " by an event";
        case detail::wait_arm::cancel:
            return text + " by a cancel";
        case detail::wait_arm::timer:
            return text + " by a timer";
        default:
            return text + " by arm " + std::to_string(static_cast<int>(arm));
    }
}

}  // namespace mioco::model
