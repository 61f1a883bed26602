// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <mioco/detail/deadline.hpp>
#include <mioco/detail/spin_lock.hpp>
#include <mioco/detail/wait_reason.hpp>

// How fibers and threads wait in line: for a channel's item or room, for a lock. The line and what it is for are guarded by one
// spin lock. Whoever has something for the first in line takes it out, puts the thing where its arm says, and claims
// its wait, all under that lock; so a waiter whose wait somebody else has ended finds, under the lock, that nothing was
// given to it. The wake-up itself is carried out after the lock was given back.

namespace mioco::detail {

/// One arm of somebody's wait. It lies in the waiter's frame, so it is out of line before that is left.
struct queued_arm {
    std::uint64_t token = 0;   // of the wait
    std::uint16_t number = 0;  // among the arms of that wait
    bool linked = false;
    bool refused = false;      // claimed, but not given what it waits for
    bool is_complete = false;  // in a wake_list: only to be made ready
    void* item = nullptr;      // where to take an item from or put it
    queued_arm* next = nullptr;
    queued_arm* previous = nullptr;
};

/// A line. Guarded by its owner's lock.
class arm_queue {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] queued_arm& first() const noexcept { return *first_; }

    void push(queued_arm& arm) noexcept {
        arm.next = nullptr;
        arm.previous = last_;
        (last_ == nullptr ? first_ : last_->next) = &arm;
        last_ = &arm;
        arm.linked = true;
    }

    /// Before all others.
    void push_first(queued_arm& arm) noexcept {
        arm.next = first_;
        arm.previous = nullptr;
        (first_ == nullptr ? last_ : first_->previous) = &arm;
        first_ = &arm;
        arm.linked = true;
    }

    /// Null if nobody is in line.
    queued_arm* pop() noexcept {
        queued_arm* const arm = first_;
        if (arm != nullptr) remove(*arm);
        return arm;
    }

    void remove(queued_arm& arm) noexcept {
        (arm.previous == nullptr ? first_ : arm.previous->next) = arm.next;
        (arm.next == nullptr ? last_ : arm.next->previous) = arm.previous;
        arm.linked = false;
    }

private:
    queued_arm* first_ = nullptr;
    queued_arm* last_ = nullptr;
};

/// Somebody's wake-up that was decided under a lock and is carried out after it, before the caller's next switch; or none.
class wake_up {
public:
    constexpr wake_up() noexcept = default;

    /// [under the line's lock, which the arm was just taken out of] Ends the arm's wait. None if somebody else has ended it: then
    /// the arm's owner looks at it once more, under the lock.
    static wake_up claim(const queued_arm& arm) noexcept;

    explicit operator bool() const noexcept { return token_ != 0; }

    void carry_out() const noexcept {
        if (token_ != 0) make_ready();
    }

private:
    friend class wake_list;
    constexpr wake_up(std::uint64_t token, std::uint32_t arm, bool is_complete) noexcept
        : token_(token), arm_(arm), is_complete_(is_complete) {}
    void make_ready() const noexcept;

    // Of sizes that are copied in whole words: a piece that spans two stores is slow to read back.
    std::uint64_t token_ = 0;
    std::uint32_t arm_ = 0;
    std::uint32_t is_complete_ = 0;  // it had parked, and only has to be made ready
};

/// The wake-ups of any number of waiters, kept in their frames: those are left only when the wake-up is carried out.
class wake_list {
public:
    /// [under the line's lock] Claims all that are in line.
    void claim_all(arm_queue& line) noexcept {
        while (queued_arm* const arm = line.pop()) claim(*arm);
    }
    /// [under the lock of the line that it was just taken out of] Whether the arm's wait was still open.
    bool claim(queued_arm& arm) noexcept {
        const wake_up woken = wake_up::claim(arm);
        if (!woken) return false;
        arm.is_complete = woken.is_complete_ != 0;
        arm.next = nullptr;
        (last_ == nullptr ? first_ : last_->next) = &arm;
        last_ = &arm;
        return true;
    }
    void carry_out() noexcept {
        while (first_ != nullptr) {
            const wake_up woken(first_->token, first_->number, first_->is_complete);
            first_ = first_->next;
            woken.carry_out();
        }
        last_ = nullptr;
    }

private:
    queued_arm* first_ = nullptr;
    queued_arm* last_ = nullptr;
};

/// At the start of each call that might wait: spends one operation of the calling fiber's budget. Throws if the caller was asked to stop, or
/// a deadline of it has passed. Whether it may wait without `prepare_to_wait`.
bool begin_operation(wait_reason why);
/// The same, of a call that is no cancellation point.
bool begin_to_lock(wait_reason why);
/// At the start of a call that never waits, and is no cancellation point.
void begin_attempt() noexcept;
/// Instead of it, of a call that has taken a lock at once: what it writes is then on its way while the caller is at what the lock guards, and not
/// waited for by the atomic instruction. True: the operations are used up, so give the lock back, `begin_attempt`, and try again.
[[nodiscard]] bool spend_holding() noexcept;
/// Of a thread, makes what it waits with. Throws when the system has no descriptor for that.
void prepare_to_wait();

/// `interrupted`: by a cancel, or by a deadline of `with_deadline`.
enum class wait_end : std::uint8_t { claimed, timed_out, interrupted };

enum class place : std::uint8_t { last, first, kept };  // kept: is in line already

struct wait_options {
    nanoseconds_t deadline = never;
    bool masked = false;  // no cancel ends it
    place where = place::last;
};

/// Gets into line, unless it is there, and waits to be claimed, for the deadline, or for a cancel. `guard` is locked by the caller, and is free afterwards.
wait_end wait_in_line(spin_lock& guard, arm_queue& line, queued_arm& arm, wait_reason why,
                      const wait_options& options) noexcept;
/// The same at the end of the line, and as a cancellation point, which most waits are.
wait_end wait_last_in_line(spin_lock& guard, arm_queue& line, queued_arm& arm, wait_reason why,
                           nanoseconds_t deadline) noexcept;

/// Throws fiber_cancelled. Spends from the operation budget.
[[noreturn]] void throw_cancelled();
/// After a wait that was `interrupted`, or instead of one: throws that, or std::system_error (timed_out) of a `with_deadline`. Spends.
[[noreturn]] void throw_interrupted(wait_reason why);
/// The same of a call that is no cancellation point.
[[noreturn]] void throw_deadline_passed(wait_reason why);
/// Spends too.
[[noreturn]] void throw_no_channel();

}  // namespace mioco::detail
