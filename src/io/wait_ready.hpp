// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>

#include "fiber/parking.hpp"
#include "io/driver.hpp"
#include "io/fd.hpp"
#include "io/wait_event.hpp"

// The loops that every IO call is: try; if the kernel has nothing, wait for an event; try again. What happens for every message
// is inline, with one branch to each rare case.
//
// An attempt is `attempt(driver, descriptor, worker or null)`; it returns a count or a negative errno value, and -EAGAIN is waited
// out. The calls return its result, -EBADF after `close_fd`, or a failure of the wait.

namespace mioco::detail {

/// For plain threads; see attempt_or_wait.
template <class Attempt>
[[gnu::cold, gnu::noinline]] ssize_t attempt_or_block(fd_object& fd, side which, Attempt attempt) {
    fiber& self = current_waiter();
    for (;;) {
        if (fd.is_closed()) return -EBADF;
        if (const int why = interruption(self)) return why;
        fd[which].begin_attempt(self.index);
        const ssize_t result =
            attempt(current_driver(), fd.number.load(std::memory_order_relaxed), nullptr);
        if (result >= 0) return result;
        if (result == -EAGAIN) {
            if (const int failure = block_for_event(fd, which); failure < 0) return failure;
        } else if (result != -EINTR) {
            return fd.is_closed() ? -EBADF : result;
        }
    }
}

/// [fiber] What the first attempt has come to is no count: goes on until there is one, or a failure.
template <class Attempt>
[[gnu::noinline]] ssize_t attempt_again(fiber& self, fd_object& fd, side which, ssize_t result,
                                        Attempt attempt) {
    while (result < 0) {
        if (result == -EAGAIN) {
            if (const int failure = wait_for_event(self, fd, which); failure != 0) return failure;
        } else if (result != -EINTR) {
            return fd.is_closed() ? -EBADF : result;
        }
        fd[which].begin_attempt(self.index);
        ++self.on->counts().io_attempts;
        result = attempt(self.on->io(), fd.number.load(std::memory_order_relaxed), self.on);
    }
    return result;
}

/// [fiber] Begins the first attempt of a call that takes something, after a wait if the last attempt left nothing. Returns 0, or
/// why the call ends.
[[gnu::always_inline]] inline int begin_taking(fiber& self, fd_object& fd, side which) noexcept {
    fd_side& s = fd[which];
    if (s.seen_drained(self.index)) {
        if (const int failure = wait_when_drained(self, fd, which); failure != 0) [[unlikely]]
            return failure;
        s.begin_attempt_after_event(self.index);
        return 0;
    }
    if (const int why = interruption(self)) [[unlikely]]
        return why;
    s.begin_attempt(self.index);
    return 0;
}

/// [fiber] After an attempt that left nothing. Once the peer has hung up, no event will tell of what comes
/// then, the end; and at urgent data a read ends early.
inline void note_drained(const fiber& self, fd_object& fd, side which) noexcept {
    if (!fd.may_read_short()) [[likely]]
        fd[which].end_drained(self.index);
}

/// For calls that take something. `drained(count)` tells whether the kernel had no more, so that the next such call waits
/// without an attempt.
template <class Attempt, class Drained>
inline ssize_t attempt_or_wait(fd_object& fd, side which, Attempt attempt, Drained drained) {
    fiber* const running = current_fiber();
    if (running == nullptr) [[unlikely]]
        return attempt_or_block(fd, which, attempt);
    fiber& self = *running;
    if (const int failure = begin_taking(self, fd, which); failure != 0) [[unlikely]]
        return spend_for(self, failure);
    worker& here = *self.on;
    ++here.counts().io_attempts;
    ssize_t result = attempt(here.io(), fd.number.load(std::memory_order_relaxed), &here);
    if (result < 0) [[unlikely]] {
        result = attempt_again(self, fd, which, result, attempt);
        if (result < 0) return spend_for(self, result);
    }
    if (drained(result)) [[likely]]
        note_drained(self, fd, which);
    return spend_for(self, result);
}

template <class Attempt>
[[gnu::always_inline]] inline ssize_t attempt_at_once(fiber& self, const fd_object& fd,
                                                      Attempt attempt) {
    worker& here = *self.on;
    ++here.counts().io_attempts;
    const ssize_t result = attempt(here.io(), fd.number.load(std::memory_order_relaxed), &here);
    return result >= 0 ? spend_for(self, result) : result;
}

/// Of a fiber that has the hint of an interruption. A way of its own, as the look would cost the other three instructions.
template <class Attempt>
[[gnu::cold, gnu::noinline]] ssize_t attempt_if_uninterrupted(fiber& self, const fd_object& fd,
                                                              Attempt attempt) {
    if (const int why = look_for_interruption(self)) return why;
    return attempt_at_once(self, fd, attempt);
}

/// For calls that find what they need nearly always, as writes find room. The first attempt leaves a kept event where it is: it
/// would come back with the next event of the other direction, and cost both sides an exchange each time.
/// Its result may be any failure, which `finish_attempts` deals with.
template <class Attempt>
inline ssize_t attempt_first(const fd_object& fd, Attempt attempt) {
    fiber* const running = current_fiber();
    if (running == nullptr) [[unlikely]]
        return -EAGAIN;
    fiber& self = *running;
    if (self.may_be_cancelled.load(std::memory_order_seq_cst)) [[unlikely]]
        return attempt_if_uninterrupted(self, fd, attempt);
    return attempt_at_once(self, fd, attempt);
}

/// After `attempt_first` has failed.
template <class Attempt>
[[gnu::noinline]] ssize_t finish_attempts(fd_object& fd, side which, ssize_t first,
                                          Attempt attempt) {
    fiber* const self = current_fiber();
    if (self == nullptr) return attempt_or_block(fd, which, attempt);
    if (is_interruption(first)) return spend_for(*self, first);
    return spend_for(*self, attempt_again(*self, fd, which, first, attempt));
}

/// The "now or not at all" form: -EAGAIN comes back. -EBADF without a descriptor or after `close_fd`. No cancellation point.
template <class Attempt>
ssize_t attempt_once(fd_object* fd, side which, Attempt attempt) {
    if (fd == nullptr) return nothing_open();
    fiber& self = current_waiter();
    driver& io = self.is_thread ? current_driver() : self.on->io();
    ssize_t result = -EINTR;
    while (result == -EINTR) {
        (*fd)[which].begin_attempt(self.index);
        if (!self.is_thread) ++self.on->counts().io_attempts;
        result = attempt(io, fd->number.load(std::memory_order_relaxed),
                         self.is_thread ? nullptr : self.on);
    }
    if (result <= 0 && fd->is_closed()) result = -EBADF;
    return self.is_thread ? result : spend_for(self, result);
}

}  // namespace mioco::detail
