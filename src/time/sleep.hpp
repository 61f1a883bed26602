// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/detail/deadline.hpp>

namespace mioco::detail {

/// `sleep_until` in the form that does not throw for an interruption: returns that as a negative errno value, or 0.
int sleep_or_fail(nanoseconds_t until);

}  // namespace mioco::detail
