// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "io/driver.hpp"

namespace mioco::detail {

/// See driver::start_thread.
std::unique_ptr<driver_thread> start_system_thread(const std::string& name,
                                                   std::function<void()> body);

}  // namespace mioco::detail
