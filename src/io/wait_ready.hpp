// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>

#include "fiber/parking.hpp"
#include "io/driver.hpp"
#include "io/fd.hpp"

// The loop that every IO call is: try; if the kernel has nothing, wait for an event; try again.

namespace mioco::detail {

/// The baton of a side (see fd_side): whoever waited there passes it on when the call ends, however it ends.
class turn {
public:
    explicit turn(fd_side& s) noexcept : side_(s) {}
    ~turn();
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    void waited() noexcept { waited_ = true; }

private:
    fd_side& side_;
    bool waited_ = false;
};

enum class after_drained : bool { wait_for_an_event, only_if_unchanged };

/// Waits for an event on a side. Returns 0 to try again, -ECANCELED, -EBADF after `close_fd`, -ETIMEDOUT past the deadline,
/// or why the descriptor cannot be watched.
int wait_for_event(fiber& self, fd_object& fd, side which, nanoseconds_t deadline, after_drained mode, turn& mine);

/// `attempt` returns a count or a negative errno value; -EAGAIN is waited out. `drained(result)` tells whether a result means that the
/// kernel had no more. Returns the attempt's result, or a failure of the wait.
template <class Attempt, class Drained>
ssize_t attempt_or_wait(fd_object& fd, side which, Attempt attempt, Drained drained) {
    fiber& self = current_waiter();
    if (is_cancelled(self)) return -ECANCELED;
    fd_side& s = fd[which];
    turn mine(s);
    for (;;) {
        if (fd.closed.load(std::memory_order_acquire)) return -EBADF;
        const bool pointless = s.seen_drained(self.index) && !fd.hung_up.load(std::memory_order_acquire);
        if (!pointless) {
            s.begin_attempt(self.index);
            const ssize_t result = attempt();
            if (result == -EINTR) continue;
            const bool watched = fd.watcher.load(std::memory_order_relaxed) != nullptr;
            s.end_attempt(self.index, watched && (result == -EAGAIN || drained(result)));
            if (result != -EAGAIN) {
                if (result < 0 && fd.closed.load(std::memory_order_acquire)) return -EBADF;
                spend(self);
                return result;
            }
        }
        const auto mode = pointless ? after_drained::only_if_unchanged : after_drained::wait_for_an_event;
        if (const int failure = wait_for_event(self, fd, which, never, mode, mine); failure != 0) return failure;
    }
}

/// The "now or not at all" form: `attempt` gets the descriptor; -EAGAIN comes back. -EBADF without a descriptor or after
/// `close_fd`. No cancellation point.
template <class Attempt>
ssize_t attempt_once(fd_object* fd, side which, Attempt attempt) {
    if (fd == nullptr || fd->closed.load(std::memory_order_acquire)) return -EBADF;
    fiber& self = current_waiter();
    fd_side& s = (*fd)[which];
    ssize_t result = -EINTR;
    while (result == -EINTR) {
        s.begin_attempt(self.index);
        result = attempt(fd->number.load(std::memory_order_relaxed));
    }
    s.end_attempt(self.index, false);
    if (result < 0 && fd->closed.load(std::memory_order_acquire)) return -EBADF;
    spend(self);
    return result;
}

}  // namespace mioco::detail
