// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/scheduler.hpp>

#include "fiber/wait_word.hpp"

namespace mioco::detail {

/// Makes what schedulers are handed.
struct ready_fiber_access {
    static ready_fiber make(wait_token kept) noexcept { return ready_fiber(kept.raw()); }
};

}  // namespace mioco::detail
