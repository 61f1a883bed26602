// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <mioco/detail/sync.hpp>

namespace mioco::detail {

/// The runtime's own lock: held for a bounded handful of instructions, or now and then for a system call, and never across a
/// switch, by fibers' threads and others alike. It spins briefly, since the holder is about to be done, then blocks, since
/// the holder may have lost its CPU. Meets *Lockable*.
template <class Sync = system_sync>
class basic_lock {
public:
    void lock() noexcept {
        if (try_lock()) return;
        for (int spins = 0; spins < spin_limit; ++spins) {
            Sync::relax();
            if (state_.load(std::memory_order_relaxed) == free && try_lock()) return;
        }
        // From here on the state says that somebody may sleep, so that unlock wakes; it is left so when the lock is
        // taken this way, at the price of one needless wake-up.
        while (state_.exchange(contended, std::memory_order_acquire) != free)
            Sync::wait(state_, contended);
    }

    bool try_lock() noexcept {
        std::uint32_t expected = free;
        return state_.compare_exchange_strong(expected, held, std::memory_order_acquire,
                                              std::memory_order_relaxed);
    }

    void unlock() noexcept {
        if (state_.exchange(free, std::memory_order_release) == contended) Sync::wake_one(state_);
    }

private:
    static constexpr int spin_limit = 100;
    static constexpr std::uint32_t free = 0;
    static constexpr std::uint32_t held = 1;
    static constexpr std::uint32_t contended = 2;

    // Acquire on taking, release on giving back: what one holder wrote the next one sees.
    typename Sync::template atomic<std::uint32_t> state_{free};
};

using lock = basic_lock<>;

}  // namespace mioco::detail
