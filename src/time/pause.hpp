// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <chrono>

#include "time/sleep.hpp"

namespace mioco::detail {

/// For what no event tells the end of: sleeps that double from call to call, up to a longest one.
class growing_pause {
public:
    growing_pause(std::chrono::milliseconds first, std::chrono::milliseconds longest) noexcept
        : next_(first), longest_(longest) {}

    /// Returns 0, or what interrupted it: how that is told depends on the form of the call.
    int sleep() {
        const int interrupted = sleep_or_fail(deadline_in(next_));
        next_ = std::min(2 * next_, longest_);
        return interrupted;
    }

private:
    std::chrono::milliseconds next_;
    std::chrono::milliseconds longest_;
};

}  // namespace mioco::detail
