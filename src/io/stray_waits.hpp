// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "fiber/wait_word.hpp"

namespace mioco::detail {

/// How often, of late, fibers waited for a descriptor on another worker than the one that watches it. A fiber that another worker
/// took in a busy moment, and that is back at its own with the next event, leaves no trace for long. Under the lock of what is
/// counted.
class stray_waits {
public:
    /// Counts one, by a fiber whose wait before this was `last`. True: so many that the descriptor should move there.
    [[nodiscard]] bool add(wait_token last) noexcept {
        // Between two strays of one fiber lie its waits at home. (Those for other things are taken for such, too.)
        if (last.index() == last_.index()) {
            const std::uint64_t waits_since = last.epoch() - last_.epoch();
            count_ -= static_cast<std::uint32_t>(
                std::min<std::uint64_t>(count_, waits_since / waits_that_forget_one));
        }
        last_ = last;
        return ++count_ >= most;
    }
    void reset() noexcept { count_ = 0; }

    static constexpr std::uint32_t most = 8;

private:
    static constexpr std::uint64_t waits_that_forget_one = 3;

    std::uint32_t count_ = 0;
    wait_token last_;
};

}  // namespace mioco::detail
