// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

namespace mioco::detail {

/// Where an address of code lies: in which file, and where in that.
struct code_place {
    char file[256] = {};  // empty: unknown
    std::uintptr_t offset = 0;

    explicit code_place(std::uintptr_t address) noexcept;
};

}  // namespace mioco::detail
