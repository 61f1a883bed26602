// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "fiber/parking.hpp"
#include "io/driver.hpp"
#include "io/fd.hpp"
#include "sched/worker_switch.hpp"

// Waiting for an event on one side of a descriptor.

namespace mioco::detail {

/// [fiber, after an attempt] Returns 0 to try again, that of an interruption, -EBADF after `close_fd` or `release_fd`, or why the descriptor cannot be
/// watched.
int wait_for_event(fiber& self, fd_object& fd, side which) noexcept;

/// How a wait differs from the ordinary ones of IO.
struct wait_terms {
    wait_reason why;
    nanoseconds_t until = never;  // when it ends, as if there were an event
    parking::cancelling mode = parking::cancelling::allowed;
};
/// The same on such terms, of a fiber or a plain thread, which looks itself. Throws as `blocked_thread`.
int wait_for_event_on(fd_object& fd, side which, const wait_terms& terms);

/// [plain thread] The same on ordinary terms.
int block_for_event(fd_object& fd, side which);

/// Why the caller cannot wait for an event, as an error.
[[noreturn]] void throw_unwatched(int failure, const char* what);

/// -EBADF, which a call comes to on an object that has no descriptor. Spends: who ignores the error goes on and on. Out of line, as its
/// constants would be loaded for each message.
[[gnu::cold]] int nothing_open() noexcept;

/// What is rare about a wait, out of line.
struct event_wait {
    /// The descriptor is not watched by this worker's poller. Returns 0, or why it cannot be watched.
    static int watch_elsewhere(fiber& self, fd_object& fd, poller& here) noexcept;
    /// The slot was not free.
    static int end_unarmed(fiber& self, fd_object& fd, side which, wait_token open,
                           fd_side::arming found, std::uint16_t generation) noexcept;
    /// Something else than an event ended the wait, others are queued, or the descriptor was released before the woken fiber ran.
    static int end_otherwise(fiber& self, fd_object& fd, side which, wait_token over,
                             std::uint16_t generation) noexcept;
};

inline wait_reason reason_for(side which) noexcept {
    return which == side::read ? wait_reason::readable : wait_reason::writable;
}

/// `arm(slot, token)`: how the slot is to be armed.
template <class Arm>
[[gnu::always_inline]] inline int wait_in_slot(fiber& self, fd_object& fd, side which,
                                               Arm arm) noexcept {
    worker& here = *self.on;
    if (fd.watcher.load(std::memory_order_acquire) != &here.events()) [[unlikely]] {
        if (const int failure = event_wait::watch_elsewhere(self, fd, here.events()); failure < 0)
            return failure;
    }
    const std::uint16_t generation = fd.generation.load(std::memory_order_relaxed);
    const wait_token open = open_wait_here(self, reason_for(which), here);
    if (const auto found = arm(fd[which].slot(), open); found != fd_side::arming::armed)
        [[unlikely]]
        return event_wait::end_unarmed(self, fd, which, open, found, generation);
    here.park_here(self);
    if (self.word.winner() != wait_arm::event || fd[which].has_queue() ||
        fd.generation.load(std::memory_order_acquire) != generation) [[unlikely]]
        return event_wait::end_otherwise(self, fd, which, open, generation);
    return 0;
}

/// [fiber that has seen the side drained] As `wait_for_event`, without an attempt before it.
[[gnu::always_inline]] inline int wait_when_drained(fiber& self, fd_object& fd,
                                                    side which) noexcept {
    return wait_in_slot(self, fd, which, [&self](fd_side::slot_type& slot, wait_token token) {
        return slot.arm(token, self.index);
    });
}

}  // namespace mioco::detail
