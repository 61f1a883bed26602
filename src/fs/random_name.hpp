// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdio>
#include <string>

#include "io/driver.hpp"

namespace mioco::detail {

/// For what lies beside other files for a while. Who makes a file of that name tries another one if there is one, so often:
inline constexpr int most_names_tried = 100;

inline std::string random_name(const char* end) {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx",
                  static_cast<unsigned long long>(current_driver().random()));
    return std::string(".mioco-") + digits + end;
}

}  // namespace mioco::detail
