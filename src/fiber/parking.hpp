// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include <sys/types.h>

#include <mioco/detail/wait_queue.hpp>

#include "base/assert.hpp"
#include "fiber/blocked_thread.hpp"
#include "fiber/fiber.hpp"
#include "fiber/interruption.hpp"
#include "sched/current.hpp"
#include "sched/worker.hpp"

namespace mioco::detail {

/// The fiber that calls, or the calling thread's stand-in for one (which must be enabled before it waits). Throws as
/// `blocked_thread` does.
inline fiber& current_waiter() {
    fiber* const running = current_fiber();
    return running != nullptr ? *running : blocked_thread();
}

/// The same if there is one: a thread that has never waited has none, and neither a deadline nor a shield.
inline fiber* known_waiter() noexcept {
    const thread_state& here = current_thread();
    return here.running != nullptr ? here.running : here.blocked_thread;
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
inline wait_token open_wait(fiber& self, wait_reason why, wait_masks masks) noexcept {
    self.waits_for = why;
    return self.token(self.word.begin(masks));
}

/// What must not end the next wait of a fiber that runs.
[[nodiscard]] inline wait_masks masks_of(const fiber& self, worker& here) noexcept {
    if (is_fiber_masked(self, here)) [[unlikely]]
        return masks_inside(self);
    return wait_masks::none;
}

/// The same as `open_wait` of a fiber that runs, with what it must not end by.
wait_token open_masked_wait(fiber& self, wait_reason why) noexcept;
inline wait_token open_wait_here(fiber& self, wait_reason why, worker& here) noexcept {
    if (is_fiber_masked(self, here)) [[unlikely]]
        return open_masked_wait(self, why);
    return open_wait(self, why, wait_masks::none);
}

/// [thread] Until when its next wait may last: a deadline of `with_deadline` ends it only where it counts.
[[nodiscard]] inline nanoseconds_t thread_deadline(const fiber& self) noexcept {
    const nanoseconds_t set = self.timer.deadline();
    return is_ended_by(set, masks_inside(self)) ? set : never;
}

/// [between two waits] The next one has a deadline of its own. Returns what is to be set after it.
inline nanoseconds_t set_own_deadline(fiber& self, nanoseconds_t own, wait_masks masks) noexcept {
    const nanoseconds_t before = self.timer.deadline();
    const bool alone = masks == wait_masks::cancel_and_deadline;
    self.timer.set(alone ? as_own(own) : std::min(as_own(own), before));
    return before;
}

/// [after a wait] Who ended it; a deadline of `with_deadline`, as a cancel does, without a result. Before its own deadline is unset.
[[nodiscard]] inline wait_arm who_ended(fiber& self) noexcept {
    const wait_arm by = self.word.winner();
    if (by != wait_arm::timer || !is_ambient(self.timer.deadline())) [[likely]]
        return by;
    note_deadline_passed(self);
    return wait_arm::cancel;
}

/// One wait of the caller, from its begin to its end. Between construction and `park` the caller leaves the token wherever a
/// waker looks; after `park` it takes back what is still there, and then may leave the frame.
///
///     parking wait(self, wait_reason::join, never);
///     if (slot.arm(wait.token()) == arming::armed) wait.park(); else wait.abandon();
///     slot.disarm(wait.token());
class parking {
public:
    enum class cancelling {
        allowed,
        masked,
        certain
    };  // certain: no `with_deadline` ends it either

    parking(fiber& self, wait_reason why, nanoseconds_t deadline,
            cancelling mode = cancelling::allowed) noexcept
        : self_(self), deadline_(deadline) {
        const wait_masks masks = masks_for(self, mode);
        if (deadline != never) before_ = set_own_deadline(self, deadline, masks);
        token_ = open_wait(self, why, masks);
    }
    /// Of a wait that is open already.
    parking(fiber& self, wait_token open) noexcept : self_(self), deadline_(never), token_(open) {}
    parking(const parking&) = delete;
    parking& operator=(const parking&) = delete;
    ~parking() {
        MIOCO_ASSERT(self_.word.is_done(), "a wait has ended before its frame is left");
        if (deadline_ != never) self_.timer.set(before_);
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
        block_thread(self_, token_.epoch(), thread_deadline(self_), entries);
    }

    /// For a caller that found what it wants while arming: ends the wait itself. If somebody else was faster, waits for him
    /// to be done with the frame.
    void abandon() noexcept;

    [[nodiscard]] wait_arm ended_by() const noexcept { return who_ended(self_); }

private:
    static wait_masks masks_for(const fiber& self, cancelling mode) noexcept {
        if (mode == cancelling::certain) return wait_masks::cancel_and_deadline;
        if (mode == cancelling::allowed && !is_masked(self)) return wait_masks::none;
        return masks_inside(self);
    }

    fiber& self_;
    nanoseconds_t deadline_;
    nanoseconds_t before_ = never;
    wait_token token_;
};

/// [fiber, or thread that has a stand-in] From here on it sees no interruption from outside. Returns whom to lower it for, null if nobody:
/// so many are counted as there is room for, and of nested ones the inner ones end first.
[[nodiscard]] inline fiber* raise_shield() noexcept {
    constexpr std::uint8_t most = 255;
    fiber* self = current_fiber();
    if (self == nullptr) [[unlikely]]
        self = known_waiter();
    if (self == nullptr || self->shields == most) return nullptr;
    ++self->shields;
    return self;
}
inline void lower_shield(fiber* self) noexcept {
    if (self != nullptr) --self->shields;
}

/// So while this object lives.
class cancel_shield {
public:
    cancel_shield() noexcept : self_(raise_shield()) {}
    ~cancel_shield() { lower_shield(self_); }
    cancel_shield(const cancel_shield&) = delete;
    cancel_shield& operator=(const cancel_shield&) = delete;

private:
    fiber* self_;
};

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
