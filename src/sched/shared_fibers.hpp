// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <span>

#include "base/lock.hpp"
#include "sched/ready_list.hpp"
#include "sched/ready_stack.hpp"
#include "time/lazy_timer.hpp"

namespace mioco::detail {

/// Ready fibers that are in no worker's queue: what others than workers made ready, and what queues had no room for. For all workers of a
/// runtime.
///
/// Those that have run wait in order. Of those that have not started, the newest go first: they are still in the cache, and a tree of fibers
/// that spawn others is so walked along its branches, with few fibers alive, and not level by level, with all of them. Of what
/// is left over for long a few, the oldest, go to the others, whose turn comes; each of a tree's brings its branches along.
class shared_fibers {
public:
    /// All of `fibers`, which is empty then.
    void push(ready_list& fibers) noexcept;
    /// A list is what one worker takes at a time.
    void push_unstarted(std::span<ready_list> lists, nanoseconds_t now) noexcept;

    /// How many a worker takes at a time, at most.
    static constexpr std::size_t most_taken = 32;

    /// Against the sleep of workers.
    [[nodiscard]] bool empty() const noexcept {
        return count_.load(std::memory_order_seq_cst) == 0;
    }

    /// For one of so many workers, which has many other fibers to run: some of those that wait in order, or none; not more than `most`.
    ready_list take_some(unsigned workers, std::size_t most) noexcept;
    /// The same for one that has few or none, of whichever.
    ready_list take_any(unsigned workers) noexcept;
    /// When a worker looks around.
    void age(nanoseconds_t now) noexcept {
        if (due_.load(std::memory_order_relaxed) != never) [[unlikely]]
            age_unstarted(now);
    }

private:
    void age_unstarted(nanoseconds_t now) noexcept;
    [[nodiscard]] bool is_due(nanoseconds_t now) const noexcept;
    ready_list take_in_order(unsigned workers, std::size_t most) noexcept;

    alignas(64) lock lock_;
    ready_list in_order_;
    ready_stack unstarted_;
    unsigned turn_ = 0;
    // When the unstarted ones have waited for long, or after so many looks: what is spawned at full speed would fill the memory meanwhile, and
    // a simulation's clock stands still while a fiber is ready. Relaxed: who finds without the lock that it is time looks again with it.
    std::atomic<nanoseconds_t> due_{never};  // written under the lock
    std::atomic<unsigned> looks_{0};  // a hint: two that count at a time may lose one, or a reset
    // Of both lists. Sequentially consistent against the sleep of workers: who goes to sleep says so, and then looks here; who pushes
    // counts, and then looks for sleepers.
    std::atomic<std::size_t> count_{0};
};

}  // namespace mioco::detail
