// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <mioco/detail/sync.hpp>
#include <mioco/detail/wait_queue.hpp>

#include "base/lock.hpp"
#include "fiber/wait_slot.hpp"
#include "fiber/wait_word.hpp"

namespace mioco::detail {

/// One direction of a descriptor: a slot for the first waiter, and a queue for the others.
///
/// The baton: whoever was in the slot or was woken from the queue calls `pass_on` when its wait is over, whatever ended it;
/// that wakes the head of the queue, which tries its call and, if it has to wait, takes the slot. So as long as somebody is
/// queued, somebody else is in the slot or has been woken and holds the baton, and no waiter is forgotten.
///
/// `Waker` is called as `waker.claim(token)` under the queue's lock, and then, outside of it, as `waker.complete(token)`; or as
/// `waker.wake(token)` for both at once.
template <class Sync = system_sync>
class basic_fd_side {
public:
    using slot_type = basic_wait_slot<Sync>;
    using arming = typename slot_type::arming;

    slot_type& slot() noexcept { return slot_; }
    [[nodiscard]] const slot_type& slot() const noexcept { return slot_; }

    /// [caller of the system call] Before an attempt; what was seen before counts no more, however the attempt ends.
    void begin_attempt(std::uint32_t fiber_index) noexcept {
        drained_by_.store(0, std::memory_order_relaxed);
        slot_.consume(fiber_index);
    }

    /// [caller of the system call, when an event has ended its wait] The same.
    void begin_attempt_after_event(std::uint32_t fiber_index) noexcept {
        drained_by_.store(0, std::memory_order_relaxed);
        slot_.consume_kept(fiber_index);
    }

    /// [caller of the system call] After an attempt that left nothing in the kernel. This fiber may wait for the next event
    /// without an attempt, which would only fail: that saves one system call in three.
    void end_drained(std::uint32_t fiber_index) noexcept {
        // omittable: it only saves the system call
        drained_by_.store(fiber_index, std::memory_order_relaxed);
    }

    /// [caller of the system call] As `begin_attempt`, before an attempt that will nearly always leave nothing: that stands, unless
    /// `undrained` follows the attempt.
    void begin_draining(std::uint32_t fiber_index) noexcept {
        // omittable: as in `end_drained`
        drained_by_.store(fiber_index, std::memory_order_relaxed);
        slot_.consume(fiber_index);
    }
    /// [the same, when an event has ended the wait of a fiber that had seen it drained] The same: what it saw then stands still.
    void begin_draining_after_event(std::uint32_t fiber_index) noexcept {
        slot_.consume_kept(fiber_index);
    }
    void undrained() noexcept { drained_by_.store(0, std::memory_order_relaxed); }

    /// [caller of the system call] Whether an attempt is pointless, provided that `arm` then finds nothing changed, and no
    /// event.
    [[nodiscard]] bool seen_drained(std::uint32_t fiber_index) const noexcept {
        return drained_by_.load(std::memory_order_relaxed) == fiber_index;
    }

    /// [waiter] Queues behind the one in the slot. False, and not queued, if the slot is free (or closed) by now: then
    /// there may be no baton any more, and the waiter tries again.
    bool enqueue(queued_arm& node) noexcept {
        lock_.lock();
        // The count goes up before the look at the slot, and the leaver looks at the count after it has left the slot:
        // one of the two sees the other.
        queued_.fetch_add(1, std::memory_order_seq_cst);
        const bool wait = slot_.is_occupied();
        if (wait) {
            waiting_.push(node);
        } else {
            queued_.fetch_sub(1, std::memory_order_relaxed);  // omittable: see `remove`
        }
        lock_.unlock();
        return wait;
    }

    /// [waiter] Before its frame is left: takes the node out unless a waker has.
    void dequeue(queued_arm& node) noexcept {
        lock_.lock();
        if (node.linked) remove(node);
        lock_.unlock();
    }

    /// [leaver] Whether `pass_on` would find anybody. Sequentially consistent, see `enqueue`.
    [[nodiscard]] bool has_queue() const noexcept {
        return queued_.load(std::memory_order_seq_cst) != 0;
    }

    /// [leaver] Wakes the first of the queue whose wait is still open; unless somebody is in the slot by now, who will do it when he
    /// leaves: else those in the queue would wake each other again and again. He looks at the count after that, as enqueue
    /// wants.
    template <class Waker>
    void pass_on(const Waker& waker) noexcept {
        if (has_queue() && !slot_.is_occupied()) wake_first(waker);
    }

    /// [closer] Ends the side: everybody who waits is woken, and finds it closed.
    template <class Waker>
    void close(const Waker& waker) noexcept {
        if (const wait_token token = slot_.close()) waker.wake(token);
        while (wake_first(waker)) {
        }
    }

    /// [poller] An event came.
    template <class Waker>
    void post(const Waker& waker) noexcept {
        if (const wait_token token = slot_.post()) waker.wake(token);
    }

    /// [owner, with no waiter left] For the next user of the block.
    void reset() noexcept {
        slot_.reset();
        // omittable: a block that is used again is watched anew, and what there is by then is told
        drained_by_.store(0, std::memory_order_relaxed);
    }

private:
    template <class Waker>
    bool wake_first(const Waker& waker) noexcept {
        wait_token woken;
        lock_.lock();
        while (!waiting_.empty() && !woken) {
            queued_arm& first = waiting_.first();
            const wait_token token(first.token);
            remove(first);
            // The frame of a waiter that lost to a timer or a cancel may be gone once the lock is: hence the copy.
            if (waker.claim(token)) woken = token;
        }
        lock_.unlock();
        if (woken) waker.complete(woken);
        return static_cast<bool>(woken);
    }

    void remove(queued_arm& node) noexcept {
        waiting_.remove(node);
        // omittable: while the count is too high, leavers look at an empty queue
        queued_.fetch_sub(1, std::memory_order_relaxed);
    }

    slot_type slot_;
    basic_lock<Sync> lock_;
    // How many are linked. Changed under the lock, read without it by leavers; see `enqueue` for the order.
    typename Sync::template atomic<std::uint32_t> queued_{0};
    // The fiber whose latest attempt left nothing. Relaxed, and possibly out of date: only a fiber that finds its own number here and an
    // EMPTY that it can arm relies on it, and no event has been used up then since its own last attempt.
    typename Sync::template atomic<std::uint32_t> drained_by_{0};
    arm_queue waiting_;
};

using fd_side = basic_fd_side<>;

}  // namespace mioco::detail
