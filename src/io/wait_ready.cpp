// SPDX-License-Identifier: MPL-2.0
#include "io/wait_ready.hpp"

#include <mutex>

#include <poll.h>

#include "sched/wake_inline.hpp"
#include "sched/worker.hpp"

namespace mioco::detail {

namespace {

using arming = fd_side::arming;

constexpr std::uint8_t strays_until_moved = 8;

// A descriptor stays with the poller of the worker on which it first had to wait. It moves when its fiber has been elsewhere
// for good, as each wait on another worker costs a hand-over between cores; and at once when that poller is another
// runtime's, which may not be running.
int move_watch(fd_object& fd, poller& here) noexcept {
    const std::scoped_lock held(fd.watch_lock);
    poller* const watcher = fd.watcher.load(std::memory_order_relaxed);
    if (watcher == &here || fd.is_closed()) return 0;
    if (watcher != nullptr) {
        const auto strays =
            static_cast<std::uint8_t>(fd.strays.load(std::memory_order_relaxed) + 1);
        fd.strays.store(strays, std::memory_order_relaxed);
        if (strays < strays_until_moved && watcher->group() == here.group()) return 0;
        watcher->unwatch(fd);
        fd.watcher.store(nullptr, std::memory_order_release);
    }
    fd.strays.store(0, std::memory_order_relaxed);
    const int failure = here.watch(fd);
    if (failure == 0) fd.watcher.store(&here, std::memory_order_release);
    return failure;
}

int watch_elsewhere(fd_object& fd, poller& here) noexcept {
    const int failure = move_watch(fd, here);
    // Whoever else waits there is told of no event any more: it tries again, and gets the error itself.
    if (failure < 0) wake_sides(fd);
    return failure;
}

short poll_events(side which) noexcept { return which == side::read ? POLLIN : POLLOUT; }

wait_reason reason_for(side which) noexcept {
    return which == side::read ? wait_reason::readable : wait_reason::writable;
}

// Behind the one who waits in the slot.
void wait_in_queue(parking& wait, fd_object& fd, side which) noexcept {
    fd_side& s = fd[which];
    queued_waiter node{wait.token()};
    if (!s.enqueue(node)) return wait.abandon();
    wait.park(fd.number.load(std::memory_order_relaxed), poll_events(which));
    s.dequeue(node);
}

// The slot is not free.
[[gnu::noinline]] void wait_otherwise(parking& wait, fd_object& fd, side which,
                                      arming found) noexcept {
    if (found == arming::occupied) {
        wait_in_queue(wait, fd, which);
    } else {
        wait.abandon();
    }
}

// No event ended the wait.
[[gnu::noinline]] int leave_slot(const fiber& self, fd_side& s, const parking& wait) noexcept {
    s.slot().disarm(wait.token());
    s.pass_on(waker());
    const wait_arm by = wait.ended_by();
    if (by == wait_arm::timer) return -ETIMEDOUT;
    return by == wait_arm::cancel && is_cancelled(self) ? -ECANCELED : 0;
}

}  // namespace

int wait_for_event(fiber& self, fd_object& fd, side which, nanoseconds_t deadline,
                   attempt_made made) {
    poller& here = self.on->events();
    if (fd.watcher.load(std::memory_order_acquire) != &here) [[unlikely]] {
        if (const int failure = watch_elsewhere(fd, here); failure < 0) return failure;
    } else if (fd.strays.load(std::memory_order_relaxed) != 0) [[unlikely]] {
        fd.strays.store(0, std::memory_order_relaxed);
    }
    fd_side& s = fd[which];
    parking wait(self, reason_for(which), deadline);
    const arming found =
        made == attempt_made::yes ? s.slot().arm(wait.token()) : s.slot().arm_again(wait.token());
    if (found == arming::armed) [[likely]] {
        wait.park_fiber();
    } else {
        wait_otherwise(wait, fd, which, found);
    }
    if (wait.ended_by() != wait_arm::event) [[unlikely]]
        return leave_slot(self, s, wait);
    if (s.has_queue()) [[unlikely]]
        s.pass_on(waker());
    return 0;
}

int block_for_event(fd_object& fd, side which) {
    fiber& self = blocked_thread();
    if (const int failure = enable_blocking(self); failure < 0) return failure;
    fd_side& s = fd[which];
    parking wait(self, reason_for(which), never);
    const arming found = s.slot().arm(wait.token());
    if (found == arming::armed) {
        wait.park(fd.number.load(std::memory_order_relaxed), poll_events(which));
    } else {
        wait_otherwise(wait, fd, which, found);
    }
    // What the thread saw itself no poller took the token for.
    return leave_slot(self, s, wait);
}

}  // namespace mioco::detail
