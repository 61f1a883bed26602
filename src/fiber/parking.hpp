// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <sys/types.h>

#include <mioco/detail/wait_queue.hpp>
#include <mioco/shield.hpp>

#include "base/assert.hpp"
#include "fiber/blocked_thread.hpp"
#include "fiber/fiber.hpp"
#include "sched/current.hpp"
#include "sched/worker.hpp"

namespace mioco::detail {

/// The fiber that calls, or the calling thread's stand-in for one (which must be enabled before it waits). Throws as
/// `blocked_thread` does.
inline fiber& current_waiter() {
    fiber* const running = current_fiber();
    return running != nullptr ? *running : blocked_thread();
}

[[nodiscard]] inline bool is_fiber_masked(const fiber& self, worker& here) noexcept {
    if (self.shields != 0) [[unlikely]]
        return true;
    return here.thread_exceptions().in_flight != 0;
}

/// Whether the caller must not see a cancel now, see below. The fiber runs, so the count of exceptions in flight is its thread's.
[[nodiscard]] inline bool is_masked(const fiber& self) noexcept {
    return self.is_thread || is_fiber_masked(self, *self.on);
}

/// [fiber that runs] Opens a wait without a deadline. Who does so sees it through to its end; `parking` helps.
inline wait_token open_wait(fiber& self, wait_reason why, bool masked) noexcept {
    self.waits_for = why;
    return self.token(self.word.begin(masked));
}

/// One wait of the caller, from its begin to its end. Between construction and `park` the caller leaves the token wherever a
/// waker looks; after `park` it takes back what is still there, and then may leave the frame.
///
///     parking wait(self, wait_reason::join, never);
///     if (slot.arm(wait.token()) == arming::armed) wait.park(); else wait.abandon();
///     slot.disarm(wait.token());
class parking {
public:
    enum class cancelling { allowed, masked };

    parking(fiber& self, wait_reason why, nanoseconds_t deadline,
            cancelling mode = cancelling::allowed) noexcept
        : self_(self), deadline_(deadline) {
        if (deadline != never) self.timer.set(deadline);
        token_ = open_wait(self, why, mode == cancelling::masked || is_masked(self));
    }
    /// Of a wait that is open already.
    parking(fiber& self, wait_token open) noexcept : self_(self), deadline_(never), token_(open) {}
    parking(const parking&) = delete;
    parking& operator=(const parking&) = delete;
    ~parking() {
        MIOCO_ASSERT(self_.word.is_done(), "a wait has ended before its frame is left");
        if (deadline_ != never) self_.timer.set(never);
    }

    [[nodiscard]] wait_token token() const noexcept { return token_; }

    /// Parks the fiber, or blocks the thread, until somebody has ended the wait. `fd` and `events` are for threads, see
    /// block_thread.
    void park(int fd = -1, short events = 0) noexcept {
        if (self_.is_thread) [[unlikely]] {
            pollfd entries[] = {{}, {fd, events, 0}};
            return block(std::span(entries).first(fd < 0 ? 1 : 2));
        }
        if (self_.word.is_done()) return;
        if (deadline_ == never) {
            self_.on->park(self_);
        } else {
            self_.on->park_timed(self_);
        }
    }

    /// [plain thread] Blocks it, with entries for `block_thread`.
    void block(std::span<pollfd> entries) noexcept {
        block_thread(self_, token_.epoch(), deadline_, entries);
    }

    /// For a caller that found what it wants while arming: ends the wait itself. If somebody else was faster, waits for him
    /// to be done with the frame.
    void abandon() noexcept;

    [[nodiscard]] wait_arm ended_by() const noexcept { return self_.word.winner(); }

private:
    fiber& self_;
    nanoseconds_t deadline_;
    wait_token token_;
};

/// Whether the caller was asked to stop and would see it now: not inside a shield, nor while an exception unwinds its stack, so
/// that destructors can still wait.
[[nodiscard]] inline bool is_cancelled(const fiber& self) noexcept {
    return self.cancel_requested() && !is_masked(self);
}

/// The same, of a caller that is known to be a fiber.
[[nodiscard]] inline bool is_fiber_cancelled(const fiber& self) noexcept {
    return self.cancel_requested() && !is_fiber_masked(self, *self.on);
}

/// Throws fiber_cancelled if so.
inline void throw_if_cancelled(const fiber& self) {
    if (is_cancelled(self)) [[unlikely]]
        throw_cancelled();
}

/// [after a call that ended with `failure`] Throws fiber_cancelled if that was the caller's cancel. Devices have an ECANCELED too, as a
/// timerfd whose clock was set; who was asked to stop has no use for theirs.
void throw_if_cancel(std::int64_t failure);

/// Spends one operation from the fiber's budget, and yields when it is used up: every call of the library that might have
/// parked but did not goes through here, so that one always-ready socket does not starve the others.
inline void spend(fiber& self) noexcept {
    if (--self.budget < 0) [[unlikely]]
        self.on->yield_spent(self);
}

/// The same, at the end of a call with this result.
ssize_t yield_with(fiber& self, ssize_t result) noexcept;
inline ssize_t spend_for(fiber& self, ssize_t result) noexcept {
    if (--self.budget < 0) [[unlikely]]
        return yield_with(self, result);
    return result;
}

}  // namespace mioco::detail
