// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>

#include "fiber/parking.hpp"
#include "io/driver.hpp"
#include "io/fd.hpp"

// The loop that every IO call is: try; if the kernel has nothing, wait for an event; try again.

namespace mioco::detail {

/// Whether a waiter has made an attempt since its last event, or counts on what it saw before (fd_side::seen_drained).
enum class attempt_made : bool { no, yes };

/// [fiber] Waits for an event on a side. Returns 0 to try again, -ECANCELED, -ETIMEDOUT past the deadline, or why the descriptor
/// cannot be watched.
int wait_for_event(fiber& self, fd_object& fd, side which, nanoseconds_t deadline,
                   attempt_made made);

/// [plain thread] The same, without a poller: the thread looks itself.
int block_for_event(fd_object& fd, side which);

/// What a failed attempt comes to: nothing if it is to be made again, else the call's result.
enum class verdict : bool { result, again };
inline verdict judge(ssize_t& failure, const fd_object& fd) noexcept {
    if (failure == -EINTR) return verdict::again;
    if (fd.is_closed()) failure = -EBADF;
    return verdict::result;
}

/// For plain threads; see attempt_or_wait.
template <class Attempt>
[[gnu::cold, gnu::noinline]] ssize_t attempt_or_block(fd_object& fd, side which, Attempt attempt) {
    const std::uint32_t self = current_waiter().index;
    for (;;) {
        if (fd.is_closed()) return -EBADF;
        fd[which].begin_attempt(self);
        ssize_t result =
            attempt(system_driver(), fd.number.load(std::memory_order_relaxed), nullptr);
        if (result >= 0) return result;
        if (result == -EAGAIN) {
            if (const int failure = block_for_event(fd, which); failure < 0) return failure;
        } else if (judge(result, fd) == verdict::result) {
            return result;
        }
    }
}

/// `attempt(driver, descriptor, worker or null)` returns a count or a negative errno value; -EAGAIN is waited out. `drained(count)` tells whether
/// the kernel had no more. Returns the attempt's result, -EBADF after `close_fd`, or a failure of the wait.
template <class Attempt, class Drained>
inline ssize_t attempt_or_wait(fd_object& fd, side which, Attempt attempt, Drained drained) {
    fiber* const running = current_fiber();
    if (running == nullptr) [[unlikely]]
        return attempt_or_block(fd, which, attempt);
    fiber& self = *running;
    if (self.cancel_requested() && !is_masked(self)) [[unlikely]]
        return -ECANCELED;
    fd_side& s = fd[which];
    attempt_made made = attempt_made::no;
    for (bool pointless = s.seen_drained(self.index);; pointless = false) {
        if (const auto ended = fd.ended.load(std::memory_order_acquire); ended != 0) [[unlikely]] {
            if ((ended & fd_object::closed) != 0) return -EBADF;
            pointless = false;
        }
        if (!pointless) {
            s.begin_attempt(self.index);
            ssize_t result =
                attempt(self.on->io(), fd.number.load(std::memory_order_relaxed), self.on);
            if (result >= 0) {
                s.end_attempt(self.index, drained(result));
                spend(self);
                return result;
            }
            if (result != -EAGAIN) [[unlikely]] {
                if (judge(result, fd) == verdict::again) continue;
                return result;
            }
            made = attempt_made::yes;
        }
        if (const int failure = wait_for_event(self, fd, which, never, made); failure != 0)
            [[unlikely]]
            return failure;
    }
}

/// The "now or not at all" form: -EAGAIN comes back. -EBADF without a descriptor or after `close_fd`. No cancellation point.
template <class Attempt>
ssize_t attempt_once(fd_object* fd, side which, Attempt attempt) {
    if (fd == nullptr || fd->is_closed()) return -EBADF;
    fiber& self = current_waiter();
    driver& io = self.is_thread ? system_driver() : self.on->io();
    ssize_t result = -EINTR;
    while (result == -EINTR) {
        (*fd)[which].begin_attempt(self.index);
        result = attempt(io, fd->number.load(std::memory_order_relaxed),
                         self.is_thread ? nullptr : self.on);
    }
    if (result < 0 && fd->is_closed()) return -EBADF;
    if (!self.is_thread) spend(self);
    return result;
}

}  // namespace mioco::detail
