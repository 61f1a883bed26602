// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <vector>

#include "io/driver.hpp"

namespace mioco::detail {

/// As `driver::read_directory`, of the system.
int read_system_directory(int fd, std::vector<directory_item>& into) noexcept;

}  // namespace mioco::detail
