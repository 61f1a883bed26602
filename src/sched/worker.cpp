// SPDX-License-Identifier: MPL-2.0
#include "sched/worker.hpp"

#include "debug/log.hpp"
#include "fiber/fiber_run.hpp"
#include "fiber/fiber_table.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/wake.hpp"
#include "sched/worker_queue.hpp"

// Switching. A fiber that parks, yields or ends picks its successor while it is still on its own stack and switches straight to
// it; the worker's own stack is for looking around, for sleeping, and for system calls that a new stack may need.
//
// At each switch the one that leaves writes down what is to become of it (`handover_`), and whoever runs next, on his own
// stack, carries it out (`settle`). Not before: from the moment that a fiber is in a queue another worker may resume it, so
// its registers must have been saved.
//
// After a switch only `self` is known; the worker may be another one, and is read from `self.on`.

namespace mioco::detail {

namespace {
constexpr std::int32_t operations_a_run = 128;
constexpr std::uint64_t ids_a_batch = 1024;
constexpr const char* reason_texts[] = {"nothing", "sleep", "join",
                                        "read",    "write", "the runtime's end"};
}  // namespace

worker::worker(runtime_core& home, unsigned number)
    : home_(home),
      number_(number),
      moves_(home.settings().moves),
      io_(home.io()),
      neighbours_(*this),
      poller_(home.io().make_poller(&home)),
      blocks_(home.pool()),
      stacks_(home.default_stack()) {
    reserve_stack_ = stacks_.take(home.default_stack());
    if (!reserve_stack_) throw_no_stack(home.default_stack());
}

worker::~worker() { stacks_.give(reserve_stack_); }

std::uint64_t worker::next_fiber_id() noexcept {
    if (next_id_ == end_id_) {
        next_id_ = take_fiber_ids(ids_a_batch);
        end_id_ = next_id_ + ids_a_batch;
    }
    return next_id_++;
}

// Everything of a switch but the stack pointer; null stands for the worker's own stack.
inline void worker::announce(fiber* to) noexcept {
    ++ticks_;
    running_ = to;
    if (to == nullptr) {
        *thread_exceptions_ = loop_exceptions_;
        return;
    }
    *thread_exceptions_ = to->exceptions;
    to->on = this;
    to->budget = operations_a_run;
}

inline void worker::settle_parked() noexcept {
    fiber& f = *handover_.left;
    const nanoseconds_t deadline = f.timer.deadline();
    const auto wait = f.word.park();
    if (wait.is_over) return enqueue(f);
    // From here on another thread may run the fiber; what follows is safe at any later time of its life.
    if (deadline != never && f.timer.arm(deadline)) timers_.push(deadline, f.index);
    const bool cancelled = f.cancelled_id.load(std::memory_order_seq_cst) == f.number();
    if (cancelled && f.word.claim_for_cancel(wait.epoch)) [[unlikely]] {
        waker(wait_arm::cancel).complete(f.token(wait.epoch));
    }
}

void worker::settle_buried() noexcept {
    fiber& ended = *handover_.left;
    destroy_context(ended.ctx);
    take_back_stack(ended);
    drop_share(ended, this);
}

inline void worker::settle() noexcept {
    switch (handover_.what) {
        case handover::action::nothing:
            return;
        case handover::action::requeue:
            // As for any ready fiber, save that it goes behind those that are queued: it is the one that has just run.
            return enqueue(*handover_.left);
        case handover::action::park:
            return settle_parked();
        case handover::action::bury:
            return settle_buried();
    }
}

inline fiber* worker::next_to_switch_to() noexcept {
    if (ticks_ >= ticks_per_look || started_by_loop_ != nullptr) return nullptr;
    fiber* const next = next_local();
    if (next == nullptr || next->has_started()) return next;
    next->memory = stacks_.take_cached(next->wanted_stack);
    if (!next->memory) {
        started_by_loop_ = next;
        return nullptr;
    }
    begin_life(*next);
    return next;
}

void worker::resume(fiber& next) noexcept {
    loop_exceptions_ = *thread_exceptions_;
    handover_.what = handover::action::nothing;
    announce(&next);
    switch_context(loop_, next.ctx);
    settle();
}

inline void worker::switch_from(fiber& self, handover::action what) noexcept {
    fiber* const next = next_to_switch_to();
    handover_ = {&self, what};
    self.exceptions = *thread_exceptions_;
    announce(next);
    switch_context(self.ctx, next != nullptr ? next->ctx : loop_);
    self.on->settle();
}

void worker::yield(fiber& self) noexcept {
    const bool must_move = moves_ == migration::always && home_.worker_count() > 1;
    if (ticks_ < ticks_per_look && started_by_loop_ == nullptr && has_nothing_queued() &&
        !must_move) {
        ++ticks_;
        self.budget = operations_a_run;
        return;
    }
    switch_from(self, handover::action::requeue);
}

void worker::park(fiber& self) noexcept {
    MIOCO_LOG("waits for %s", reason_texts[static_cast<int>(self.waits_for)]);
    switch_from(self, handover::action::park);
}

void worker::begin_life(fiber& f) noexcept {
    if (moves_ == migration::never) f.pinned = true;
    make_context(f.ctx, f.memory.bottom(), f.memory.top(), &fiber_main, &f);
}

void worker::fiber_main(void* block) {
    context_started();
    auto* self = static_cast<fiber*>(block);
    self->on->settle();
    for (;;) {
        run_fiber(*self);
        self = self->on->succeed(*self);
    }
}

// The end of a fiber. If a new one is next that wants such a stack, it goes on right here: a million short fibers run on a
// few hot stacks, without a switch. If not, this does not return.
fiber* worker::succeed(fiber& ended) noexcept {
    fiber* next = std::exchange(successor_, nullptr);
    if (next == nullptr && ticks_ < ticks_per_look && started_by_loop_ == nullptr)
        next = next_local();
    const bool is_new = next != nullptr && !next->has_started();
    if (is_new && next->wanted_stack == ended.memory.kind &&
        ended.memory.base != reserve_stack_.base) {
        next->ctx = ended.ctx;
        next->memory = std::exchange(ended.memory, stack());
        if (moves_ == migration::never) next->pinned = true;
        announce(next);
        drop_share(ended, this);
        return next;
    }
    if (is_new) started_by_loop_ = std::exchange(next, nullptr);
    handover_ = {&ended, handover::action::bury};
    announce(next);
    leave_context(ended.ctx, next != nullptr ? next->ctx : loop_);
}

// By the fiber that ends, just before `succeed`. Who waits for a fiber's end goes on at once, while the result is hot, and without
// a turn through the slot.
void worker::wake_joiner(wait_token joiner) noexcept {
    const waker wake;
    if (!wake.claim(joiner)) return;
    fiber& f = all_fibers[joiner.index()];
    const bool may_run_here = !f.is_thread && f.home.load(std::memory_order_relaxed) == &home_ &&
                              !f.pinned && moves_ != migration::always;
    if (!may_run_here) return wake.complete(joiner);
    if (f.word.complete()) successor_ = &f;
}

void worker::take_back_stack(fiber& ended) noexcept {
    const stack freed = std::exchange(ended.memory, stack());
    if (freed.base == reserve_stack_.base) {
        reserve_in_use_ = false;
    } else {
        stacks_.give(freed);
    }
}

// [loop] With system calls, if need be. When there is no stack to be had, the fiber gets the reserve, on which its closure is
// destroyed, and its join the error. False: the reserve is in use too.
bool worker::give_stack(fiber& f) noexcept {
    f.memory = stacks_.take(f.wanted_stack);
    if (!f.memory) {
        if (reserve_in_use_) return false;
        reserve_in_use_ = true;
        f.memory = reserve_stack_;
        f.pinned = true;
        f.error = no_stack_error(f.wanted_stack);
    }
    begin_life(f);
    return true;
}

}  // namespace mioco::detail
