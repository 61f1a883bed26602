// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>
#include <system_error>

namespace mioco::detail {

/// Throws what the caller of a lock or a counter has done wrong.
[[noreturn]] inline void refuse(std::errc kind, const std::string& why) {
    throw std::system_error(std::make_error_code(kind), "mioco: " + why);
}

}  // namespace mioco::detail
