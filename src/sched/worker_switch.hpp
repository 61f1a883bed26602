// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "context/context.hpp"
#include "debug/log.hpp"
#include "sched/current.hpp"
#include "sched/worker.hpp"
#include "sched/worker_queue.hpp"

// Switching, inline where it is done for every message. A fiber that parks, yields or ends picks its successor while it is still
// on its own stack and switches straight to it; the worker's own stack is for looking around, for sleeping, and for system
// calls that a new stack may need.
//
// At each switch the one that leaves writes down what is to become of it (`handover_`), and whoever runs next, on his own
// stack, carries it out (`settle`). Not before: from the moment that a fiber is in a queue another worker may resume it, so
// its registers must have been saved.
//
// After a switch only `self` is known; the worker may be another one, and is read from `self.on`.

namespace mioco::detail {

/// For the log; out of line, where it is in nobody's way.
const char* reason_text(wait_reason why) noexcept;

// Everything of a switch but the stack pointer; null stands for the worker's own stack.
inline void worker::announce(fiber* to, eh_globals& exceptions) noexcept {
    thread_->running = to;
    if (to == nullptr) {
        exceptions = loop_exceptions_;
        return;
    }
    exceptions = to->exceptions;
    to->on = this;
    to->budget = operations_a_run - 1;
}

inline void worker::settle_parked() noexcept {
    fiber& f = *handover_.left;
    const auto wait = f.word.park();
    if (wait.is_over) [[unlikely]]
        return enqueue_rare(f);
    // From here on another thread may run the fiber; what follows is safe at any later time of its life.
    if (f.may_be_cancelled.load(std::memory_order_seq_cst)) [[unlikely]]
        interrupt_parked(f, wait.epoch);
}

inline void worker::settle() noexcept {
    if (handover_.what == handover::action::park) [[likely]]
        return settle_parked();
    settle_otherwise();
}

/// By who has yielded: mostly for another one that does.
inline void worker::settle_as_yielder() noexcept {
    fiber* const left = handover_.left;
    if (handover_.what != handover::action::requeue || left->placed) [[unlikely]]
        return settle();
    handover_.what = handover::action::park;
    if (!queue_.push(left)) [[unlikely]]
        spill(*left);
}

inline fiber* worker::next_to_switch_to(const fiber& self) noexcept {
    if (--ticks_left_ < 0) [[unlikely]] {
        if (no_park_ != nullptr) [[unlikely]]
            refuse_to_leave(self);
        refuse_in_forked_child(self, false);
        return nullptr;
    }
    fiber* const next = next_local();
    if (next == nullptr || next->has_started()) return next;
    return give_cached_stack(*next);
}

// `handover_.what` says what is to become of `self`. Who comes back has to settle.
inline void worker::leave(fiber& self) noexcept {
    fiber* const next = next_to_switch_to(self);
    handover_.left = &self;
    eh_globals& exceptions = *thread_exceptions_;
    self.exceptions = exceptions;
    announce(next, exceptions);
    switch_context(self.ctx, next != nullptr ? next->ctx : loop_);
}

inline void worker::switch_from(fiber& self) noexcept {
    leave(self);
    self.on->settle();
}

[[gnu::always_inline]] inline void worker::park_here(fiber& self) noexcept {
    MIOCO_LOG("waits for %s", reason_text(self.waits_for));
    self.parked_at = clock_stamp_;
    switch_from(self);
}

}  // namespace mioco::detail
