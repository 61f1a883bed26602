// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/detail/sync.hpp>

namespace mioco::detail {

/// A lock for a handful of instructions that is given back with a plain store: a channel takes it twice an item, and an atomic
/// exchange to give it back would cost half as much again. So nobody who waits for it can be woken: he spins, and then
/// sleeps for short times, which happens when the holder has lost its CPU. Meets *Lockable*.
template <class Sync = system_sync>
class basic_spin_lock {
public:
    constexpr basic_spin_lock() noexcept = default;
    void lock() noexcept {
        if (!try_lock()) [[unlikely]]
            lock_contended();
    }

    bool try_lock() noexcept { return !held_.exchange(true, std::memory_order_acquire); }

    void unlock() noexcept { held_.store(false, std::memory_order_release); }

private:
    [[gnu::noinline]] void lock_contended() noexcept {
        for (unsigned round = 0;; ++round) {
            Sync::back_off(round, held_);
            if (!held_.load(std::memory_order_relaxed) && try_lock()) return;
        }
    }

    // Acquire on taking, release on giving back: what one holder wrote the next one sees.
    typename Sync::template lock_atomic<bool> held_{false};
};

using spin_lock = basic_spin_lock<>;

}  // namespace mioco::detail
