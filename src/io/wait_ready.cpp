// SPDX-License-Identifier: MPL-2.0
#include "io/wait_ready.hpp"

#include <mutex>

#include <poll.h>

#include "debug/log.hpp"
#include "sched/wake.hpp"
#include "sched/worker.hpp"

namespace mioco::detail {

namespace {

using arming = fd_side::arming;

constexpr std::uint8_t strays_until_moved = 8;

// A descriptor stays with the poller of the worker on which it first had to wait. It moves when its fiber has been elsewhere
// for good, as each wait on another worker costs a hand-over between cores; and at once when that poller is another
// runtime's, which may not be running.
int watch_elsewhere(fd_object& fd, poller& here) noexcept {
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

int ensure_watched(const fiber& self, fd_object& fd) noexcept {
    if (self.is_thread) return 0;
    poller& here = self.on->events();
    if (fd.watcher.load(std::memory_order_acquire) == &here) {
        if (fd.strays.load(std::memory_order_relaxed) != 0) fd.strays.store(0, std::memory_order_relaxed);
        return 0;
    }
    return watch_elsewhere(fd, here);
}

}  // namespace

turn::~turn() {
    if (!waited_) return;
    waker wake;
    side_.pass_on(wake);
}

int wait_for_event(fiber& self, fd_object& fd, side which, nanoseconds_t deadline, after_drained mode, turn& mine) {
    if (const int failure = ensure_watched(self, fd); failure < 0) return failure;
    fd_side& s = fd[which];
    const bool reading = which == side::read;
    parking wait(self, reading ? wait_reason::readable : wait_reason::writable, deadline);
    const wait_token token = wait.token();
    queued_waiter node{token};
    arming result = mode == after_drained::only_if_unchanged ? s.slot().arm_again(token) : s.slot().arm(token);
    bool queued = false;
    if (result == arming::occupied) queued = s.enqueue(node);
    if (result == arming::armed || queued) {
        mine.waited();
        wait.park(fd.number.load(std::memory_order_relaxed), reading ? POLLIN : POLLOUT);
    } else {
        wait.abandon();
    }
    if (queued) s.dequeue(node);
    // An event took the token away; what a thread saw itself did not.
    if (wait.ended_by() != wait_arm::event || self.is_thread) s.slot().disarm(token);
    // What made a thread return is seen by no poller, and what a fiber was told may be old: either tries again.
    s.end_attempt(self.index, false);
    if (wait.ended_by() == wait_arm::timer) return -ETIMEDOUT;
    if (wait.ended_by() == wait_arm::cancel && is_cancelled(self)) return -ECANCELED;
    return 0;
}

}  // namespace mioco::detail
