// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/lock.hpp"
#include "time/lazy_timer.hpp"

namespace mioco::detail {

struct fiber;

/// A worker's pending deadlines, as hints: see lazy_timer. The owner pushes; anybody may fire what is overdue.
class timer_heap {
public:
    /// Throws nothing: if there is no memory for an entry, the process ends with a message.
    void push(nanoseconds_t deadline, std::uint32_t fiber_index) noexcept;

    /// Wakes all whose deadline has come. Entries whose fiber has meanwhile a later deadline go into `again`, the caller's
    /// own heap.
    void fire(nanoseconds_t now, timer_heap& again) noexcept;

    /// [owner] The wait of this epoch has come to its deadline.
    void expire(fiber& f, std::uint64_t epoch) noexcept;

    /// Entries that the owner has put in, and waits whose deadline it has seen come; for onlookers, as `worker_counts`.
    [[nodiscard]] const std::uint64_t& pushed() const noexcept { return pushed_; }
    [[nodiscard]] const std::uint64_t& expired() const noexcept { return expired_; }

    /// The next entry's deadline, or `never`.
    [[nodiscard]] nanoseconds_t earliest() const noexcept {
        return earliest_.load(std::memory_order_acquire);
    }

private:
    struct entry {
        nanoseconds_t deadline;
        std::uint32_t fiber_index;
    };
    static bool later(const entry& a, const entry& b) noexcept { return a.deadline > b.deadline; }

    bool pop_due(nanoseconds_t now, entry& due) noexcept;
    void drop_clutter() noexcept;
    void publish() noexcept;

    lock lock_;
    std::vector<entry> entries_;
    std::size_t clean_at_ = 64;  // the size at which clutter is looked for next
    std::uint64_t pushed_ = 0;
    std::uint64_t expired_ = 0;
    // Of entries_; written under the lock, read by idle neighbours without it.
    std::atomic<nanoseconds_t> earliest_{never};
};

}  // namespace mioco::detail
