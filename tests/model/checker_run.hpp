// SPDX-License-Identifier: MPL-2.0
#pragma once

// How the checker walks; included by checker.hpp alone.

#include <cstdio>
#include <cstdlib>

#include "base/assert.hpp"
#include "model/checker.hpp"

namespace mioco::model {

inline constexpr const char* waits_for_ever = "the threads that have not ended wait for ever";
inline constexpr const char* goes_in_circles = "a thread goes round in a circle";

template <class Make>
verdict checker::explore(Make make) {
    checker* const outer = std::exchange(running, this);
    detail::adopt_thread(loop_);
    std::uint64_t executions = 0;
    std::size_t longest = 0;
    verdict result;
    do {
        begin_execution();
        const auto scenario = make(*this);
        run_threads();
        if (ended_ == end::complete && at_end_) at_end_();
        abandon_threads();
        ++executions;
        longest = std::max(longest, trace_.size());
    } while (ended_ != end::violated && executions < limits_.executions && to_next_path());
    if (ended_ == end::violated) {
        result.report = std::string(broken_) + "\n" + trace_.table();
    } else if (!path_.empty()) {
        result.is_too_large = true;
        result.report = "too large: not done after " + std::to_string(executions) + " executions";
    } else {
        result.holds = true;
        result.report = std::to_string(executions) + " executions, " +
                        std::to_string(seen_.size()) + " states, " + std::to_string(longest) +
                        " steps at most";
    }
    for (thread_state& each : threads_) each.done = false;
    abandon_threads();
    running = outer;
    return result;
}

inline void checker::begin_execution() {
    position_ = 0;
    count_ = 0;
    now_ = nobody;
    preemptions_left_ = limits_.preemptions;
    locations_ = 0;
    histories_ = memory_ = 0;
    ended_ = end::none;
    at_end_ = nullptr;
    trace_.clear();
}

inline void checker::thread(const char* name, std::function<void()> body) {
    trace_.thread(name);
    thread_state& t = threads_[count_];
    numbers_[count_] = count_;
    if (!t.live) {
        if (!t.stack) t.stack = std::make_unique<std::byte[]>(stack_bytes);
#if defined(MIOCO_ASAN)
        ASAN_UNPOISON_MEMORY_REGION(t.stack.get(), stack_bytes);
#endif
        const auto top =
            reinterpret_cast<std::uintptr_t>(t.stack.get() + stack_bytes) & ~std::uintptr_t{15};
        detail::make_context(t.ctx, t.stack.get(), reinterpret_cast<std::byte*>(top), &thread_main,
                             &numbers_[count_]);
        t.live = true;
        t.started = false;
    }
    t.body = std::move(body);
    t.blocked_until = nullptr;
    t.done = false;
    t.spins = spin::no;
    t.asleep_on = -1;
    t.history = 0;
    remember(count_, count_ + 1);
    ++count_;
}

inline void checker::thread_main(void* number) {
    detail::context_started();
    checker& c = *running;
    const unsigned mine = *static_cast<unsigned*>(number);
    for (;;) {
        c.threads_[mine].body();
        c.threads_[mine].done = true;
        c.go_on_with(c.pick());
    }
}

inline void checker::run_threads() {
    const unsigned first = pick();
    if (first == nobody) return;
    now_ = first;
    threads_[first].started = true;
    detail::switch_context(loop_, threads_[first].ctx);
    now_ = nobody;
}

// Leaves the calling thread for `next`; for the checker's loop if that is nobody.
inline void checker::go_on_with(unsigned next) {
    if (next == now_) return;
    const unsigned self = now_;
    now_ = next;
    if (next != nobody) threads_[next].started = true;
    detail::switch_context(threads_[self].ctx, next == nobody ? loop_ : threads_[next].ctx);
    if (abandoning_) detail::leave_context(threads_[self].ctx, loop_);
}

// A thread in the middle of its body is woken once more, only to leave for good: so the sanitizers learn that it is gone.
inline void checker::abandon_threads() noexcept {
    abandoning_ = true;
    for (thread_state& each : threads_) {
        if (!each.live || each.done) continue;
        if (each.started) detail::switch_context(loop_, each.ctx);
        detail::destroy_context(each.ctx);
        each.live = false;
        each.done = true;
    }
    abandoning_ = false;
}

inline bool checker::can_run(thread_state& t) {
    if (t.done || t.asleep_on >= 0) return false;
    if (!t.blocked_until) return true;
    looking_ = true;
    looked_at_ = 0;
    const bool ready = t.blocked_until();
    looking_ = false;
    t.looked_at = looked_at_;
    return ready;
}

inline unsigned checker::pick() {
    choice fresh;
    const bool self = now_ != nobody && can_run(threads_[now_]);
    if (self) fresh.options[fresh.count++] = static_cast<std::uint8_t>(now_);
    for (unsigned i = 0; i < count_ && (!self || preemptions_left_ > 0); ++i) {
        if (i != now_ && can_run(threads_[i]))
            fresh.options[fresh.count++] = static_cast<std::uint8_t>(i);
    }
    if (fresh.count == 0) {
        ended_ = end::complete;
        for (unsigned i = 0; i < count_; ++i) {
            if (!threads_[i].done) ended_ = end::violated;
        }
        broken_ = waits_for_ever;
        return nobody;
    }
    unsigned next = fresh.options[0];
    if (fresh.count > 1) {
        if (position_ == path_.size() && was_seen()) {
            ended_ = end::pruned;
            return nobody;
        }
        next = decide(fresh);
    }
    if (self && next != now_) --preemptions_left_;
    return next;
}

inline bool checker::was_seen() {
    const std::uint64_t state = mix(mix(histories_, memory_), now_);
    const auto [known, is_new] = seen_.try_emplace(state, preemptions_left_);
    if (is_new) return false;
    if (known->second >= preemptions_left_) return true;
    known->second = preemptions_left_;
    return false;
}

inline std::uint8_t checker::decide(const choice& fresh) {
    if (position_ == path_.size()) path_.push_back(fresh);
    const choice& made = path_[position_++];
    if (made.count != fresh.count) {
        std::fputs("the model checker: a scenario did not repeat itself\n", stderr);
        std::abort();
    }
    return made.options[made.taken];
}

inline bool checker::to_next_path() noexcept {
    while (!path_.empty() && path_.back().taken + 1 == path_.back().count) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().taken;
    return true;
}

inline void checker::fail(const char* expected) {
    if (ended_ != end::violated) broken_ = expected;
    ended_ = end::violated;
    if (now_ != nobody) go_on_with(nobody);
}

inline void checker::block_until(std::function<bool()> ready) {
    thread_state& self = threads_[now_];
    self.blocked_until = std::move(ready);
    go_on_with(pick());
    self.blocked_until = nullptr;
    learn(self.looked_at);
}

inline int checker::choose(int count) {
    choice fresh;
    fresh.count = static_cast<std::uint8_t>(count);
    for (int i = 0; i < count; ++i)
        fresh.options[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(i);
    const std::uint8_t taken = decide(fresh);
    learn(taken);
    return taken;
}

// Looks in a spin are one look: they change nothing, and what the last of them sees could have been seen by each. Others may go on
// before the first of them.
inline bool checker::before_operation(bool only_load) {
    if (trace_.size() >= most_steps) fail(goes_in_circles);
    thread_state& self = threads_[now_];
    if (only_load && self.spins == spin::on) return false;
    self.spins = only_load && self.spins == spin::first ? spin::on : spin::no;
    go_on_with(pick());
    return true;
}

inline void checker::remember(unsigned thread, std::uint64_t history) noexcept {
    thread_state& t = threads_[thread];
    histories_ -= mix(thread, t.history);
    t.history = history;
    histories_ += mix(thread, t.history);
}

inline void checker::forget(std::uint64_t all_it_knows) noexcept {
    if (limits_.values_are_all) remember(now_, mix(now_ + 1, all_it_knows));
}

inline void checker::did_read(const location& where) noexcept {
    const std::uint64_t seen = mix(static_cast<std::uint64_t>(where.number), where.written);
    if (looking_) {
        looked_at_ = mix(looked_at_, seen);
    } else {
        learn(seen);
    }
}

inline void checker::did_write(location& where, std::uint64_t value) noexcept {
    const auto number = static_cast<std::uint64_t>(where.number);
    learn(number + 1);
    memory_ -= mix(number, where.written);
    where.written = limits_.values_are_all ? value : threads_[now_].history;
    memory_ += mix(number, where.written);
}

inline void checker::sleep_on(const location& where) {
    trace_.note(now_, "sleeps");
    threads_[now_].asleep_on = where.number;
    learn(1);
    go_on_with(pick());
}

inline void checker::wake_one(const location& where) {
    before_operation(false);
    learn(3);
    std::array<unsigned, most_threads> sleepers{};
    int count = 0;
    for (unsigned i = 0; i < count_; ++i) {
        if (threads_[i].asleep_on == where.number) sleepers[static_cast<std::size_t>(count++)] = i;
    }
    trace_.note(now_, count == 0 ? "wakes nobody" : "wakes a sleeper");
    if (count == 0) return;
    const int lucky = count == 1 ? 0 : choose(count);
    const unsigned woken = sleepers[static_cast<std::size_t>(lucky)];
    threads_[woken].asleep_on = -1;
    remember(woken, mix(threads_[woken].history, 2));
}

}  // namespace mioco::model

// The library's own assertions are checks of the scenario. In place of the library's definition, so a program has one source file.
void mioco::detail::assertion_failed(const char* condition, const char* expected, const char* file,
                                     int line) noexcept {
    if (model::checker::in_thread()) model::checker::current().fail(expected);
    std::fprintf(stderr, "mioco: internal error: %s (%s is false, %s:%d)\n", expected, condition,
                 file, line);
    std::abort();
}

#if defined(MIOCO_ASAN)
// Threads begin anew in each execution, and a second stack for each of them would take most of the time.
extern "C" const char* __asan_default_options() { return "detect_stack_use_after_return=0"; }
#endif
