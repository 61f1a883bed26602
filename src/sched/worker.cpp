// SPDX-License-Identifier: MPL-2.0
#include "sched/worker.hpp"

#include <utility>

#include "base/racing.hpp"
#include "fiber/fiber_run.hpp"
#include "fiber/fiber_table.hpp"
#include "sched/current.hpp"
#include "sched/wake.hpp"
#include "sched/worker_switch.hpp"
#include "stack/stack_measure.hpp"

// What happens at a switch less often than for every message; see worker_switch.hpp for the rest.

namespace mioco::detail {

namespace {
constexpr std::uint64_t ids_a_batch = 1024;
}  // namespace

const char* reason_text(wait_reason why) noexcept { return facts_of(why).text; }

worker::worker(runtime_core& home, unsigned number)
    : home_(home),
      number_(number),
      moves_(home.settings().moves),
      is_alone_(home.worker_count() == 1),
      ages_stacks_(!home.io().is_repeatable()),
      always_switches_(home.settings().scheduler || (moves_ == migration::always && !is_alone_)),
      transfers_by_system_(home.io().transfers_by_system()),
      io_(home.io()),
      neighbours_(*this, is_alone_),
      seat_(home.settings().scheduler ? std::make_unique<scheduler_seat>(*this) : nullptr),
      watchdog_(home.watching()),
      spins_(home.settings().spin_ns),
      poller_(home.io().make_poller(&home)),
      poll_interval_ns_(home.io().poll_interval_ns()),
      blocks_(home.pool()),
      stacks_(home.default_stack()) {
    reserve_stack_ = stacks_.take(home.default_stack());
    if (!reserve_stack_) throw_no_stack(home.default_stack());
}

worker::~worker() {
    stack_depot& depot = stack_depot::of(home_.default_stack());
    depot.give(reserve_stack_);
    if (!spare_.memory) return;
    destroy_context(spare_.ctx);
    depot.give(spare_.memory);
}

std::uint64_t worker::next_fiber_id() noexcept {
    if (next_id_ == end_id_) {
        next_id_ = take_fiber_ids(ids_a_batch);
        end_id_ = next_id_ + ids_a_batch;
    }
    return next_id_++;
}

// At once, as the poller comes before the timers: who always finds something there would never see that its time has passed. If the
// claim succeeds, the fiber was parked all the while, and its deadline that of this wait.
void worker::expire_parked(fiber& f, std::uint64_t epoch) noexcept {
    const auto wait = f.word.open();
    if (wait && wait->epoch == epoch && !wait->masks_deadline) timers_.expire(f, epoch);
}

// Another thread may run the fiber already; what this does is safe at any later time of its life.
void worker::interrupt_parked(fiber& f, std::uint64_t epoch) noexcept {
    const nanoseconds_t deadline = f.timer.deadline();
    if (is_ambient(deadline) && deadline <= looked_at_) {
        expire_parked(f, epoch);
    } else if (deadline != never && f.timer.arm(deadline)) {
        timers_.push(deadline, f.index);
    }
    if (is_cancel_requested(f) && f.word.claim_for_cancel(epoch))
        waker(wait_arm::cancel).complete(f.token(epoch));
}

void worker::settle_timed() noexcept {
    fiber& f = *handover_.left;
    const nanoseconds_t deadline = f.timer.deadline();
    const auto wait = f.word.park();
    if (wait.is_over) return enqueue(f);
    if (f.timer.arm(deadline)) timers_.push(deadline, f.index);
    interrupt_parked(f, wait.epoch);
}

void worker::settle_buried() noexcept {
    destroy_context(ended_.ctx);
    take_back_stack();
    if (ended_.block != nullptr) drop_share(*ended_.block, this);
}

void worker::settle_otherwise() noexcept {
    switch (std::exchange(handover_.what, handover::action::park)) {
        case handover::action::nothing:
            return;
        case handover::action::requeue:
            return requeue(*handover_.left);
        case handover::action::park:
            return settle_parked();
        case handover::action::park_timed:
            return settle_timed();
        case handover::action::bury:
            return settle_buried();
    }
}

// Null, and left to the loop, when a stack takes system calls to get.
fiber* worker::give_cached_stack(fiber& next) noexcept {
    if (give_spare(next)) return &next;
    next.memory = stacks_.take_cached(next.wanted_stack);
    if (!next.memory) {
        leave_to_loop(next);
        return nullptr;
    }
    begin_life(next);
    return &next;
}

void worker::leave_to_loop(fiber& next) noexcept { started_by_loop_ = &next; }

void worker::resume(fiber& next) noexcept {
    loop_exceptions_ = *thread_exceptions_;
    handover_.what = handover::action::nothing;
    --ticks_left_;
    ++other_ticks_;
    announce(&next, *thread_exceptions_);
    switch_context(loop_, next.ctx);
    settle();
}

// What was granted and is not left has been used for switches, which nobody counts one by one; and what was not used otherwise, for parks.
void worker::grant_ticks(std::int32_t ticks) noexcept {
    const std::int32_t used = ticks_granted_ - ticks_left_;
    counts_.switches += static_cast<std::uint64_t>(used);
    counts_.parks += static_cast<std::uint64_t>(used - std::exchange(other_ticks_, 0));
    ticks_left_ = ticks_granted_ = ticks;
}

worker::activity worker::now_doing() const noexcept {
    const thread_state* const thread = load_racing(thread_);
    if (thread == nullptr) return {};
    const fiber* const running = load_racing(thread->running);
    all_fibers.see_constructed();
    return {running, running == nullptr ? 0 : running->number(), load_racing(counts_.switches),
            load_racing(ticks_left_), load_racing(thread_number_)};
}

bool worker::is_running(const fiber& f) const noexcept {
    const thread_state* const thread = load_racing(thread_);
    return thread != nullptr && load_racing(thread->running) == &f;
}

void worker::yield(fiber& self) noexcept {
    ++other_ticks_;
    if (!must_see_loop() && has_nothing_queued() && !always_switches_) {
        --ticks_left_;
        self.budget = operations_a_run - 1;
        return;
    }
    handover_.what = handover::action::requeue;
    leave(self);
    self.on->settle_as_yielder();
}

// Not in the midst of a select's arming, which may call what spends: the wait is open, and the fiber could not be kept by a scheduler. Nor
// while there is a guard; then the first call after that yields.
void worker::yield_spent(fiber& self) noexcept {
    if (!self.word.is_done() || no_park_ != nullptr) [[unlikely]] {
        self.budget = 0;
        return;
    }
    if (ticks_left_ > 0) grant_ticks(0);
    ++other_ticks_;
    handover_.what = handover::action::requeue;
    switch_from(self);
}

void worker::park(fiber& self) noexcept { park_here(self); }

void worker::park_timed(fiber& self) noexcept {
    MIOCO_LOG("waits for %s", reason_text(self.waits_for));
    self.parked_at = clock_stamp_;
    handover_.what = handover::action::park_timed;
    switch_from(self);
}

void worker::begin_life(fiber& f) noexcept {
    if (moves_ == migration::never) f.pinned = f.placed = true;
    make_context(f.ctx, f.memory.bottom(), f.memory.top(), &fiber_main, &f);
}

void worker::fiber_main(void* block) {
    context_started();
    auto* self = static_cast<fiber*>(block);
    self->on->settle();
    for (;;) {
        run_fiber(*self);
        // The block may be another fiber's by now, so the worker is asked for at the thread.
        self = current_worker()->succeed();
    }
}

// By the fiber that ends, for a moment or for good: its stack is in use until another one runs.
void worker::keep_remains(fiber& self) noexcept {
    ended_.ctx = self.ctx;
    ended_.memory = std::exchange(self.memory, stack());
    ended_.block = ended_.memory.kind.is_measured() ? &self : nullptr;
}

bool worker::tell_end(fiber& self) noexcept {
    if (self.end.is_closed()) return false;
    self.home.store(nullptr, std::memory_order_relaxed);
    keep_remains(self);
    const auto joiner = self.end.try_post();
    if (!joiner) [[unlikely]] {
        // Its handle was dropped just now, so it still has something to dispose of. A stop may have looked for it meanwhile.
        self.memory = ended_.memory;
        self.home.store(&home_, std::memory_order_relaxed);
        barrier_sync::light_barrier();
        if (home_.is_stopping()) request_own_cancel(self);
        return false;
    }
    if (*joiner) wake_joiner(*joiner);
    return true;
}

void worker::end_detached(fiber& self) noexcept {
    self.home.store(nullptr, std::memory_order_relaxed);
    keep_remains(self);
    if (std::exchange(ended_.block, &self) != nullptr) drop_share(self, this);
}

// The end of a fiber. If a new one is next that wants such a stack, it goes on right here: a million short fibers run on a
// few hot stacks, without a switch. If not, this does not return.
fiber* worker::succeed() noexcept {
    fiber* next = std::exchange(successor_, nullptr);
    if (next == nullptr && !must_see_loop()) next = next_local();
    if (--ticks_left_ < 0) [[unlikely]]
        refuse_in_forked_child(*thread_->running,
                               true);  // no other thread is there to reuse its block
    ++other_ticks_;
    const bool is_new = next != nullptr && !next->has_started();
    if (is_new && next->wanted_stack == ended_.memory.kind &&
        ended_.memory.base != reserve_stack_.base) {
        next->ctx = ended_.ctx;
        next->memory = ended_.memory;
        if (moves_ == migration::never) next->pinned = next->placed = true;
        announce(next, *thread_exceptions_);
        if (ended_.block != nullptr) drop_share(*ended_.block, this);
        return next;
    }
    if (is_new) leave_to_loop(*std::exchange(next, nullptr));
    if (!spare_.memory && ended_.memory.kind == home_.default_stack() &&
        ended_.memory.base != reserve_stack_.base)
        return wait_for_successor(next);
    handover_.what = handover::action::bury;
    announce(next, *thread_exceptions_);
    leave_context(ended_.ctx, next != nullptr ? next->ctx : loop_);
}

// On the stack of the fiber that has ended, until another one begins on it. Where fibers are spawned and joined in turn, none needs
// a new context or looks for a stack.
fiber* worker::wait_for_successor(fiber* next) noexcept {
    if (ended_.block != nullptr) drop_share(*ended_.block, this);
    spare_.ctx = ended_.ctx;
    spare_.memory = ended_.memory;
    handover_.what = handover::action::nothing;
    announce(next, *thread_exceptions_);
    switch_context(spare_.ctx, next != nullptr ? next->ctx : loop_);
    settle();
    return current_fiber();
}

bool worker::give_spare(fiber& next) noexcept {
    if (!spare_.memory || next.wanted_stack != spare_.memory.kind) return false;
    next.ctx = spare_.ctx;
    next.memory = std::exchange(spare_.memory, stack());
    if (moves_ == migration::never) next.pinned = next.placed = true;
    return true;
}

// By the fiber that ends, just before `succeed`. Who waits for a fiber's end goes on at once, while the result is hot, and without
// a turn through the slot.
void worker::wake_joiner(wait_token joiner) noexcept {
    fiber& f = all_fibers[joiner.index()];
    // Asked before the claim, it may be about another fiber; then the claim fails, since the epoch is another's too.
    if (f.home.load(std::memory_order_relaxed) != &home_) return waker().wake(joiner);
    if (f.word.claim_and_complete(joiner.epoch(), wait_arm::event) != wait_word::ending::won_parked)
        return;
    if (f.placed) return enqueue_rare(f);
    successor_ = &f;
}

void worker::take_back_stack() noexcept {
    const stack freed = ended_.memory;
    if (freed.base == reserve_stack_.base) {
        reserve_in_use_ = false;
    } else if (!stacks_.give(freed)) {
        give_elsewhere(freed);
    }
}

void worker::give_elsewhere(stack freed) const noexcept {
    if (freed.kind.is_measured()) freed = finish_measuring(freed, ended_.block->name_or_empty());
    stack_depot::of(freed.kind).give(freed);
}

// [loop] With system calls, if need be. When there is no stack to be had, the fiber gets the reserve, on which its closure is
// destroyed, and its join the error. False: the reserve is in use too.
bool worker::give_stack(fiber& f) noexcept {
    if (give_spare(f)) return true;
    f.memory = stacks_.take(f.wanted_stack);
    if (!f.memory) {
        if (reserve_in_use_) return false;
        reserve_in_use_ = true;
        f.memory = reserve_stack_;
        f.pinned = f.placed = true;
        f.error = no_stack_error(f.wanted_stack);
    } else if (home_.settings().measures_stacks) {
        begin_measuring(f.memory);
        // Its name is asked for when its stack is no longer in use.
        f.shares.fetch_add(1, std::memory_order_relaxed);
    }
    begin_life(f);
    return true;
}

}  // namespace mioco::detail
