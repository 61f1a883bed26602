// SPDX-License-Identifier: MPL-2.0
#include "io/wait_event.hpp"

#include <cerrno>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include <poll.h>

#include "base/cure.hpp"
#include "sched/wake_inline.hpp"

namespace mioco::detail {

namespace {

// Of the fiber that is about to wait: none, if it is bound to its worker, and so will never be elsewhere.
std::uint64_t waits_since_stray(fiber& self) noexcept {
    const std::uint64_t epoch = self.word.last_epoch() + 1;
    const std::uint64_t before = std::exchange(self.stray_epoch, epoch);
    return self.pinned ? 0 : epoch - before - 1;
}

// A descriptor stays with the poller of the worker on which it first had to wait. It moves when its fiber waits elsewhere again
// and again, as each wait on another worker costs a hand-over between cores; and at once when that poller is another
// runtime's, which may not be running.
int move_watch(fiber& self, fd_object& fd, poller& here) noexcept {
    const std::scoped_lock held(fd.watch_lock);
    poller* const watcher = fd.watcher.load(std::memory_order_relaxed);
    if (watcher == &here || fd.is_closed()) return 0;
    if (watcher != nullptr) {
        const bool often = fd.strays.add(waits_since_stray(self));
        if (!often && watcher->group() == here.group()) return 0;
        watcher->unwatch(fd);
        fd.watcher.store(nullptr, std::memory_order_release);
    }
    fd.strays.reset();
    const int failure = here.watch(fd);
    if (failure == 0) fd.watcher.store(&here, std::memory_order_release);
    return failure == -ENOSPC ? too_many_watched : failure;
}

short poll_events(side which) noexcept { return which == side::read ? POLLIN : POLLOUT; }

// The slot is not free: behind the one who waits there, or back for another attempt.
void wait_otherwise(parking& wait, fd_object& fd, side which, fd_side::arming found) noexcept {
    if (found != fd_side::arming::occupied) return wait.abandon();
    fd_side& s = fd[which];
    queued_arm node;
    node.token = wait.token().raw();
    if (!s.enqueue(node)) return wait.abandon();
    wait.park(fd.number.load(std::memory_order_relaxed), poll_events(which));
    s.dequeue(node);
}

}  // namespace

int nothing_open() noexcept {
    if (fiber* const self = current_fiber()) spend(*self);
    return -EBADF;
}

int event_wait::watch_elsewhere(fiber& self, fd_object& fd, poller& here) noexcept {
    const int failure = move_watch(self, fd, here);
    // Whoever else waits there is told of no event any more: it tries again, and gets the error itself.
    if (failure < 0) wake_sides(fd);
    return failure;
}

int event_wait::end_unarmed(fiber& self, fd_object& fd, side which, wait_token open,
                            fd_side::arming found, std::uint16_t generation) noexcept {
    parking wait(self, open);
    wait_otherwise(wait, fd, which, found);
    return end_otherwise(self, fd, which, open, generation);
}

int event_wait::end_otherwise(fiber& self, fd_object& fd, side which, wait_token over,
                              std::uint16_t generation) noexcept {
    if (fd.generation.load(std::memory_order_acquire) != generation) return -EBADF;
    fd_side& s = fd[which];
    const wait_arm by = who_ended(self);
    if (by != wait_arm::event) s.slot().disarm(over);
    s.pass_on(waker());
    if (fd.is_closed()) return -EBADF;
    // Also when an event was there already, before the wait was one: the call has taken nothing yet.
    return by != wait_arm::event ? interruption(self) : 0;
}

void throw_unwatched(int failure, const char* what) {
    throw std::system_error(errno_of(failure), std::system_category(),
                            std::string("mioco: ") + what + cure_of(failure));
}

int wait_for_event(fiber& self, fd_object& fd, side which) noexcept {
    return wait_in_slot(self, fd, which,
                        [](fd_side::slot_type& slot, wait_token token) { return slot.arm(token); });
}

namespace {

// That somebody will tell of the event: 0, or why nobody would.
int enable_event(fiber& self, fd_object& fd) noexcept {
    if (self.is_thread) return enable_blocking(self);
    poller& here = self.on->events();
    if (fd.watcher.load(std::memory_order_acquire) == &here) return 0;
    return event_wait::watch_elsewhere(self, fd, here);
}

}  // namespace

int block_for_event(fd_object& fd, side which) {
    return wait_for_event_on(fd, which, {reason_for(which)});
}

int wait_for_event_on(fd_object& fd, side which, const wait_terms& terms) {
    fiber& self = current_waiter();
    if (const int failure = enable_event(self, fd); failure < 0) return failure;
    const std::uint16_t generation = fd.generation.load(std::memory_order_relaxed);
    parking wait(self, terms.why, terms.until, terms.mode);
    const auto found = fd[which].slot().arm(wait.token());
    if (found == fd_side::arming::armed) {
        wait.park(fd.number.load(std::memory_order_relaxed), poll_events(which));
    } else {
        wait_otherwise(wait, fd, which, found);
    }
    // What the thread saw itself no poller took the token for.
    fd[which].slot().disarm(wait.token());
    return event_wait::end_otherwise(self, fd, which, wait.token(), generation);
}

}  // namespace mioco::detail
