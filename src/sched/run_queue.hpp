// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <mioco/detail/sync.hpp>

namespace mioco::detail {

/// A bounded queue of ready fibers: one worker, its owner, puts in and takes out in order; any worker steals from the front.
///
/// Positions only grow, so that a thief that slept through a whole round of the ring fails its exchange instead of taking an
/// entry twice.
template <class Item, std::size_t Capacity = 256, class Sync = system_sync>
class basic_run_queue {
    static_assert((Capacity & (Capacity - 1)) == 0);

public:
    static constexpr std::size_t capacity = Capacity;
    static constexpr std::size_t most_stolen = Capacity / 2;

    /// [owner] False if the queue is full.
    bool push(Item* item) noexcept {
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        if (tail == full_at_) [[unlikely]] {
            full_at_ = head_.load(std::memory_order_acquire) + Capacity;
            if (tail == full_at_) return false;
        }
        slot(tail).store(item, std::memory_order_relaxed);
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }

    /// [owner] How many more can be pushed, at least.
    [[nodiscard]] std::size_t room() const noexcept {
        // needs no acquire: `push` looks itself
        return Capacity - static_cast<std::size_t>(tail_.load(std::memory_order_relaxed) -
                                                   head_.load(std::memory_order_acquire));
    }

    /// [owner] How many there are, or were a moment ago.
    [[nodiscard]] std::size_t size() const noexcept { return Capacity - room(); }

    /// [owner] The oldest, or null.
    Item* pop() noexcept {
        std::uint64_t head = head_.load(std::memory_order_relaxed);
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        while (head != tail) {
            Item* const item = slot(head).load(std::memory_order_relaxed);
            // needs no acquire, release: it takes what it put in, and `push` looks before it writes over that
            if (head_.compare_exchange_weak(head, head + 1, std::memory_order_acq_rel,
                                            std::memory_order_relaxed)) [[likely]] {
                if (item == nullptr) __builtin_unreachable();
                return item;
            }
        }
        return nullptr;
    }

    /// [owner, where nobody steals] The oldest, or null.
    Item* pop_unshared() noexcept {
        const std::uint64_t head = head_.load(std::memory_order_relaxed);
        if (head == tail_.load(std::memory_order_relaxed)) return nullptr;
        Item* const item = slot(head).load(std::memory_order_relaxed);
        head_.store(head + 1, std::memory_order_relaxed);
        if (item == nullptr) __builtin_unreachable();
        return item;
    }

    /// [any worker] Takes the older half, rounded up, into `out`; returns how many. `up_to`: nothing that was put in at or
    /// after this position. The entries are read before the exchange: if it succeeds, the head had not moved, so the
    /// owner had not come round to write over them.
    std::size_t steal(std::array<Item*, most_stolen>& out,
                      std::uint64_t up_to = UINT64_MAX) noexcept {
        // needs no acquire: one that is out of date fails the exchange
        std::uint64_t head = head_.load(std::memory_order_acquire);
        for (;;) {
            std::uint64_t tail = tail_.load(std::memory_order_acquire);
            if (tail > up_to) tail = up_to;
            if (tail <= head) return 0;
            std::uint64_t count = tail - head;
            count -= count / 2;
            if (count > most_stolen) {  // two loads at different times; the exchange would fail
                // needs no acquire: as above
                head = head_.load(std::memory_order_acquire);
                continue;
            }
            for (std::uint64_t i = 0; i < count; ++i)
                out[i] = slot(head + i).load(std::memory_order_relaxed);
            // needs no acquire: that of tail_ shows the entries
            // needs no acquire on failure: tail_ is looked at again
            if (head_.compare_exchange_strong(head, head + count, std::memory_order_acq_rel,
                                              std::memory_order_acquire)) {
                return count;
            }
        }
    }

    /// [any] The position that the next push gets.
    [[nodiscard]] std::uint64_t position() const noexcept {
        // needs no acquire: `steal` looks itself
        return tail_.load(std::memory_order_acquire);
    }

    /// [any] A guess whether something that was put in before this position is still there.
    [[nodiscard]] bool has_before(std::uint64_t position) const noexcept {
        // needs no acquire: a guess
        return head_.load(std::memory_order_acquire) < position;
    }

    /// [any] A guess, unless the owner asks and finds it empty.
    [[nodiscard]] bool empty() const noexcept {
        // needs no acquire: a guess, and the owner took and put in itself
        return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire);
    }

private:
    template <class T>
    using atomic = typename Sync::template atomic<T>;

    atomic<Item*>& slot(std::uint64_t position) noexcept {
        return slots_[position & (Capacity - 1)];
    }

    // head_ <= tail_ <= head_ + Capacity; entries in [head_, tail_) are valid. The owner's release of tail_ publishes the entry
    // and the fiber behind it to thieves; an exchange of head_ releases a slot to the owner, which acquires it when push
    // looks at head_ again: before it comes round to that slot.
    alignas(64) atomic<std::uint64_t> head_{0};
    alignas(64) atomic<std::uint64_t> tail_{0};
    // [owner] Not above head_ + Capacity, so that most pushes need no look at what thieves write.
    std::uint64_t full_at_ = Capacity;
    std::array<atomic<Item*>, Capacity> slots_{};
};

}  // namespace mioco::detail
