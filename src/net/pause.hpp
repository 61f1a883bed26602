// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <chrono>

#include <mioco/error.hpp>
#include <mioco/time.hpp>

namespace mioco::detail {

/// For what no event tells the end of: sleeps that double from call to call, up to a longest one.
class growing_pause {
public:
    growing_pause(std::chrono::milliseconds first, std::chrono::milliseconds longest) noexcept
        : next_(first), longest_(longest) {}

    /// False if the caller was cancelled meanwhile: how that is told depends on the form of the call.
    bool sleep() {
        try {
            sleep_for(next_);
        } catch (const fiber_cancelled&) {
            return false;
        }
        next_ = std::min(2 * next_, longest_);
        return true;
    }

private:
    std::chrono::milliseconds next_;
    std::chrono::milliseconds longest_;
};

}  // namespace mioco::detail
