// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace mioco::detail {

/// How often, of late, fibers waited for a descriptor on another worker than the one that watches it. A fiber that another worker
/// took in a busy moment, and that is back at its own with the next event, leaves no trace for long. Under the lock of what is
/// counted.
class stray_waits {
public:
    /// Counts one, of a fiber that has waited so many times since its last stray wait, for whatever and wherever. True: so
    /// many that the descriptor should move.
    [[nodiscard]] bool add(std::uint64_t waits_since) noexcept {
        const std::uint64_t forgotten = waits_since / waits_that_forget_one;
        count_ -= static_cast<std::uint8_t>(std::min<std::uint64_t>(count_, forgotten));
        return ++count_ >= most;
    }
    void reset() noexcept { count_ = 0; }

    static constexpr std::uint8_t most = 8;
    // Waits at home and waits for something else look the same. A fiber that does a few other things a turn is not at home.
    static constexpr std::uint64_t waits_that_forget_one = 16;

private:
    std::uint8_t count_ = 0;
};

}  // namespace mioco::detail
