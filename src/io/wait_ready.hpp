// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>

#include "fiber/parking.hpp"
#include "io/driver.hpp"
#include "io/fd.hpp"
#include "sched/wake.hpp"

// The loop that every IO call is: try; if the kernel has nothing, wait for an event; try again.

namespace mioco::detail {

inline driver& driver_of(const fiber& self) noexcept {
    return self.is_thread ? system_driver() : self.on->io();
}

/// The baton of a side (see fd_side): whoever waited there passes it on when the call ends, however it ends.
class turn {
public:
    explicit turn(fd_side& s) noexcept : side_(s) {}
    ~turn() {
        if (waited_) side_.pass_on(waker{});
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;
    void waited() noexcept { waited_ = true; }

private:
    fd_side& side_;
    bool waited_ = false;
};

/// Whether a waiter has made an attempt since its last event, or counts on what it saw before (fd_side::seen_drained).
enum class attempt_made : bool { no, yes };

/// Waits for an event on a side. Returns 0 to try again, -ECANCELED, -ETIMEDOUT past the deadline, or why the descriptor
/// cannot be watched.
int wait_for_event(fiber& self, fd_object& fd, side which, nanoseconds_t deadline, attempt_made made, turn& mine);

/// `attempt(driver, descriptor)` returns a count or a negative errno value; -EAGAIN is waited out. `drained(result)` tells whether
/// a result means that the kernel had no more. Returns the attempt's result, -EBADF after `close_fd`, or a failure of the wait.
template <class Attempt, class Drained>
ssize_t attempt_or_wait(fd_object& fd, side which, Attempt attempt, Drained drained) {
    fiber& self = current_waiter();
    if (is_cancelled(self)) [[unlikely]] return -ECANCELED;
    fd_side& s = fd[which];
    turn mine(s);
    for (;;) {
        if (fd.closed.load(std::memory_order_acquire)) [[unlikely]] return -EBADF;
        attempt_made made = attempt_made::no;
        if (!s.seen_drained(self.index) || fd.hung_up.load(std::memory_order_acquire)) {
            made = attempt_made::yes;
            s.begin_attempt(self.index);
            const ssize_t result = attempt(driver_of(self), fd.number.load(std::memory_order_relaxed));
            if (result == -EINTR) [[unlikely]] continue;
            const bool watched = fd.watcher.load(std::memory_order_relaxed) != nullptr;
            s.end_attempt(self.index, watched && (result == -EAGAIN || drained(result)));
            if (result != -EAGAIN) {
                if (result < 0 && fd.closed.load(std::memory_order_acquire)) [[unlikely]] return -EBADF;
                spend(self);
                return result;
            }
        }
        if (const int failure = wait_for_event(self, fd, which, never, made, mine); failure != 0) return failure;
    }
}

/// The "now or not at all" form: -EAGAIN comes back. -EBADF without a descriptor or after `close_fd`. No cancellation point.
template <class Attempt>
ssize_t attempt_once(fd_object* fd, side which, Attempt attempt) {
    if (fd == nullptr || fd->closed.load(std::memory_order_acquire)) return -EBADF;
    fiber& self = current_waiter();
    fd_side& s = (*fd)[which];
    ssize_t result = -EINTR;
    while (result == -EINTR) {
        s.begin_attempt(self.index);
        result = attempt(driver_of(self), fd->number.load(std::memory_order_relaxed));
    }
    s.end_attempt(self.index, false);
    if (result < 0 && fd->closed.load(std::memory_order_acquire)) return -EBADF;
    spend(self);
    return result;
}

}  // namespace mioco::detail
