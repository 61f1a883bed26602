// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <mioco/detail/deadline.hpp>
#include <mioco/detail/sync.hpp>

#include "fiber/wait_word.hpp"

namespace mioco::detail {

// Of a `with_deadline`, the deadline is an odd number, and so told from a wait's own, which is even.
constexpr nanoseconds_t as_own(nanoseconds_t deadline) noexcept {
    return deadline == never ? never : deadline + (deadline & 1);
}
constexpr nanoseconds_t as_ambient(nanoseconds_t deadline) noexcept { return deadline | 1; }
constexpr bool is_ambient(nanoseconds_t deadline) noexcept {
    return deadline != never && (deadline & 1) != 0;
}

/// Whether a wait with these masks ends when that time has come.
constexpr bool is_ended_by(nanoseconds_t deadline, bool masks_deadline) noexcept {
    return deadline != never && !(masks_deadline && is_ambient(deadline));
}
constexpr bool is_ended_by(nanoseconds_t deadline, wait_masks masks) noexcept {
    return is_ended_by(deadline, masks == wait_masks::cancel_and_deadline);
}

/// A time in half the memory: to 1.05 ms, and the same again after 52 days.
constexpr std::uint32_t clock_stamp(nanoseconds_t time) noexcept {
    return static_cast<std::uint32_t>(time >> 20);
}

/// The deadline of a fiber's current wait, and the claim of the timer heaps on it.
///
/// Setting and clearing a deadline is one store, though most waits end before their deadline: the heap is told lazily. An entry
/// in a heap is {deadline, fiber}, with no epoch, and means "look at this fiber then". `armed` is the earliest entry
/// that is known to be in some heap; a wait whose deadline is not earlier pushes nothing, and the entry's popper finds
/// the later deadline and pushes it then. (An entry that carried the epoch and was dropped when stale would lose the
/// deadline of the next wait, which had relied on it.)
template <class Sync = system_sync>
class basic_lazy_timer {
public:
    enum class action { drop, push_again, expire };
    struct verdict {
        action what;
        nanoseconds_t deadline = never;
        std::uint64_t epoch = 0;
    };

    /// [fiber] Between two waits: of the next one.
    void set(nanoseconds_t deadline) noexcept {
        deadline_.store(deadline, std::memory_order_relaxed);
    }

    /// [the stack that runs next, before the word's `park`] Of the wait that is just being parked.
    [[nodiscard]] nanoseconds_t deadline() const noexcept {
        return deadline_.load(std::memory_order_relaxed);
    }

    /// [the stack that runs next, after the word's `park`] Whether the caller must push {deadline, fiber} into its heap.
    /// Lowers `armed` only: a thread that comes late, when the fiber has a nearer deadline already, must not hide that.
    [[nodiscard]] bool arm(nanoseconds_t deadline) noexcept {
        nanoseconds_t armed = armed_.load(std::memory_order_seq_cst);
        while (armed > deadline) {
            // needs no seq_cst, acquire, release: it decides who pushes, and heaps have locks
            if (armed_.compare_exchange_weak(armed, deadline, std::memory_order_seq_cst))
                return true;
        }
        return false;
    }

    /// [who popped an entry of this fiber] What to do with it. `expire`: claim the word for `epoch`; a failed claim
    /// means that the wait ended, and the entry is dropped. `push_again`: at `deadline`.
    [[nodiscard]] verdict popped(const basic_wait_word<Sync>& word, nanoseconds_t now) noexcept {
        // Disarm, then look; the other side parks, then looks at `armed`: one of the two sees the other, so either the popper
        // finds the parked wait and its deadline, or the wait's `arm` finds NONE and pushes an entry of its own.
        armed_.store(never, std::memory_order_seq_cst);
        const auto wait = word.open();
        if (!wait) return {action::drop};
        const nanoseconds_t deadline = deadline_.load(std::memory_order_relaxed);
        if (!is_ended_by(deadline, wait->masks_deadline)) return {action::drop};
        if (deadline <= now) return {action::expire, deadline, wait->epoch};
        if (!arm(deadline)) return {action::drop};  // an earlier entry is there, or about to be
        return {action::push_again, deadline};
    }

    /// [compaction] Whether an entry of this deadline may be the one that `armed` speaks of; others are only clutter.
    [[nodiscard]] bool is_armed_at(nanoseconds_t deadline) const noexcept {
        return armed_.load(std::memory_order_relaxed) == deadline;
    }

    /// [owner of a block, before its first wait] Entries of the block's former life may be gone with their heap.
    void reset() noexcept {
        armed_.store(never, std::memory_order_relaxed);
        deadline_.store(never, std::memory_order_relaxed);
    }

private:
    template <class T>
    using atomic = typename Sync::template atomic<T>;

    // Invariant: a parked, unclaimed wait with a deadline has an entry not later than it in some heap, or a thread between its
    // `park` and its push, or a popper that has not yet looked at the word.
    atomic<nanoseconds_t> armed_{never};
    // Read by poppers at any time; what belongs to another epoch fails its claim.
    atomic<nanoseconds_t> deadline_{never};
};

using lazy_timer = basic_lazy_timer<>;

}  // namespace mioco::detail
