// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include "base/barrier.hpp"

namespace mioco::detail {

/// Tells the owner of a queue that nobody steals from it just now, so that it may take out without an exchange.
///
///     owner: `enter`; takes, and compares only if that said no; `leave`, if it said yes.
///     thief: `begin`; false: the owner is inside, and may be asleep there; come back later. Steals; `end`.
///
/// Each says that it is there before it looks for the other, so that one of them sees the other. Thieves come seldom, so they pay
/// for the order of both, see `barrier_sync`.
template <class Sync = barrier_sync>
class basic_thief_gate {
public:
    /// [owner] Whether it is alone until it calls `leave`. Acquire: what the last thief has left.
    [[nodiscard]] bool enter() noexcept {
        inside_.store(true, std::memory_order_relaxed);
        Sync::light_barrier();
        if (thieves_.load(std::memory_order_acquire) == 0) [[likely]]
            return true;
        leave();
        return false;
    }
    /// Release: the next thief sees what was taken.
    void leave() noexcept { inside_.store(false, std::memory_order_release); }

    /// [thief] False, and nothing to end, if the owner is inside.
    [[nodiscard]] bool begin() noexcept {
        thieves_.fetch_add(1, std::memory_order_relaxed);
        Sync::heavy_barrier();
        if (!inside_.load(std::memory_order_acquire)) return true;
        end();
        return false;
    }
    void end() noexcept { thieves_.fetch_sub(1, std::memory_order_release); }

private:
    typename Sync::template atomic<bool> inside_{false};
    typename Sync::template atomic<std::uint32_t> thieves_{0};
};

using thief_gate = basic_thief_gate<>;

}  // namespace mioco::detail
