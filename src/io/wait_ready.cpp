// SPDX-License-Identifier: MPL-2.0
#include "io/wait_ready.hpp"

#include <mutex>

#include <poll.h>

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
    if (watcher == &here || fd.closed.load(std::memory_order_relaxed)) return 0;
    if (watcher != nullptr) {
        const auto strays = static_cast<std::uint8_t>(fd.strays.load(std::memory_order_relaxed) + 1);
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

inline int ensure_watched(const fiber& self, fd_object& fd) noexcept {
    if (self.is_thread) return 0;
    poller& here = self.on->events();
    if (fd.watcher.load(std::memory_order_acquire) != &here) return watch_elsewhere(fd, here);
    if (fd.strays.load(std::memory_order_relaxed) != 0) fd.strays.store(0, std::memory_order_relaxed);
    return 0;
}

// Behind the one who waits in the slot.
void wait_in_queue(parking& wait, fd_object& fd, side which, turn& mine) noexcept {
    fd_side& s = fd[which];
    queued_waiter node{wait.token()};
    if (!s.enqueue(node)) return wait.abandon();
    mine.waited();
    wait.park(fd.number.load(std::memory_order_relaxed), which == side::read ? POLLIN : POLLOUT);
    s.dequeue(node);
}

}  // namespace

int wait_for_event(fiber& self, fd_object& fd, side which, nanoseconds_t deadline, attempt_made made, turn& mine) {
    if (const int failure = ensure_watched(self, fd); failure < 0) return failure;
    fd_side& s = fd[which];
    parking wait(self, which == side::read ? wait_reason::readable : wait_reason::writable, deadline);
    const wait_token token = wait.token();
    const arming result = made == attempt_made::yes ? s.slot().arm(token) : s.slot().arm_again(token);
    if (result == arming::armed) [[likely]] {
        mine.waited();
        wait.park(fd.number.load(std::memory_order_relaxed), which == side::read ? POLLIN : POLLOUT);
    } else if (result == arming::occupied) {
        wait_in_queue(wait, fd, which, mine);
    } else {
        wait.abandon();
    }
    // What made a thread return is seen by no poller, and what a fiber was told may be old: either tries again.
    s.end_attempt(self.index, false);
    const wait_arm by = wait.ended_by();
    // An event took the token away; what a thread saw itself did not.
    if (by == wait_arm::event && !self.is_thread) [[likely]] return 0;
    s.slot().disarm(token);
    if (by == wait_arm::timer) return -ETIMEDOUT;
    return by == wait_arm::cancel && is_cancelled(self) ? -ECANCELED : 0;
}

}  // namespace mioco::detail
