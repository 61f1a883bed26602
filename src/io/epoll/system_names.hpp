// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <vector>

#include "io/driver.hpp"

namespace mioco::detail {

/// See driver::look_up.
int look_up_name(const name_query& what, std::vector<found_address>& found) noexcept;

}  // namespace mioco::detail
