// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <concepts>
#include <string>

namespace mioco::detail {

/// "1 byte", "2 bytes". `what`: the word for one.
template <std::integral Count>
std::string counted(Count count, const char* what) {
    return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

/// "allowed is 0 to 7", or where there is nothing to choose from "allowed is 0".
template <std::integral Count>
std::string allowed_up_to(Count most) {
    return most == 0 ? "allowed is 0" : "allowed is 0 to " + std::to_string(most);
}

}  // namespace mioco::detail
