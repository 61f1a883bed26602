// SPDX-License-Identifier: MPL-2.0
#include "io/sim/virtual_threads.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/assert.hpp"
#include "fiber/blocked_thread.hpp"
#include "io/sim/world.hpp"
#include "stack/depot.hpp"

namespace mioco::detail::sim {

namespace {

// Offloaded calls expect that of a thread; what is not touched takes no memory.
constexpr std::size_t stack_bytes = std::size_t{1} << 20;

constexpr std::uint64_t longest_look_ns = 2'000;

// What it has waited with, as a thread.
void retire_waiting(thread_state& ending) noexcept {
    if (ending.blocked_thread == nullptr) return;
    retire_blocked_thread(*ending.blocked_thread);
    ending.blocked_thread = nullptr;
}

}  // namespace

class virtual_threads::handle final : public driver_thread {
public:
    explicit handle(thread& started) noexcept : thread_(started) {}
    void join() noexcept override { thread_.of->join(thread_); }

private:
    thread& thread_;
};

virtual_threads::virtual_threads(world& in, driver& io, std::function<void()> stuck,
                                 nanoseconds_t limit, std::function<void()> late)
    : world_(in),
      io_(io),
      stuck_(std::move(stuck)),
      limit_(limit),
      late_(std::move(late)),
      running_(threads_.emplace_back(std::make_unique<thread>()).get()),
      before_(current_thread()) {
    running_->of = this;
    adopt_thread(running_->own);
    current_thread() = thread_state();
    current_thread().world = &io;
}

virtual_threads::~virtual_threads() {
    MIOCO_ASSERT(threads_.size() == 1, "a simulation's threads are joined before it ends");
    retire_waiting(current_thread());
    current_thread() = before_;
}

std::unique_ptr<driver_thread> virtual_threads::start(options wanted, std::function<void()> body) {
    auto made = std::make_unique<thread>();
    auto told = std::make_unique<handle>(*made);
    threads_.reserve(threads_.size() + 1);
    made->started_for = wanted.of;
    made->body = std::move(body);
    made->of = this;
    const std::uint64_t times = static_cast<std::uint64_t>(wanted.latest) + 1;
    made->until = world_.now() + static_cast<nanoseconds_t>(world_.below(times));
    const stack_kind kind = stack_kind::of(stack_bytes, true);
    // The last that may fail, as nothing would give it back.
    made->memory = stack_depot::of(kind).take();
    if (!made->memory) {
        throw std::system_error(stack_depot::of(kind).last_error(), std::system_category(),
                                "mioco: no memory for a thread of the simulation");
    }
    make_context(made->own, made->memory.bottom(), made->memory.top(), &main, made.get());
    made->saved = made->own;
    made->state.world = &io_;
    made->state.stack = &made->own;
    threads_.push_back(std::move(made));
    return told;
}

void virtual_threads::main(void* started) {
    context_started();
    auto& self = *static_cast<thread*>(started);
    self.body();
    retire_waiting(current_thread());
    virtual_threads& all = *self.of;
    self.has_ended = true;
    all.wake(&self);
    thread& next = all.draw_next();
    all.restore(next);
    leave_context(self.saved, next.saved);
}

void virtual_threads::join(thread& ended) noexcept {
    while (!ended.has_ended) wait(&ended, never);
    destroy_context(ended.own);
    stack_depot::of(ended.memory.kind).give(ended.memory);
    std::erase_if(threads_, [&](const auto& each) { return each.get() == &ended; });
}

void virtual_threads::wait(const void* place, nanoseconds_t deadline) noexcept {
    running_->place = place;
    running_->until = deadline;
    // A little: who looks around again and again until it is later must come to that.
    if (deadline <= world_.now())
        world_.advance_to(world_.now() + static_cast<nanoseconds_t>(world_.below(longest_look_ns)));
    thread& next = draw_next();
    if (&next != running_) switch_to(next);
    running_->place = nullptr;
    running_->is_woken = false;
}

void virtual_threads::wake(const void* place) noexcept {
    for (auto& each : threads_) {
        if (each->place == place) each->is_woken = true;
    }
}

virtual_threads::thread& virtual_threads::draw_next() noexcept {
    for (;;) {
        world_.run_due();
        candidates_.clear();
        for (auto& each : threads_) {
            if (!each->has_ended && (each->is_woken || each->until <= world_.now()))
                candidates_.push_back(each.get());
        }
        if (!candidates_.empty()) return *candidates_[world_.below(candidates_.size())];
        let_time_pass();
    }
}

void virtual_threads::let_time_pass() noexcept {
    nanoseconds_t next = world_.next_delivery();
    for (auto& each : threads_) {
        if (!each->has_ended) next = std::min(next, each->until);
    }
    if (next == never) return stuck_();
    if (next > limit_) {
        limit_ = never;
        return late_();
    }
    world_.advance_to(next);
}

// What the system keeps a thread is kept for each of these, and changes hands at a switch.
void virtual_threads::switch_to(thread& next) noexcept {
    thread& self = *running_;
    self.state = current_thread();
    self.exceptions = *this_thread_eh_globals();
    const fiber* const on = self.state.running;
    stand_for_caller(self.saved, on != nullptr ? on->ctx : self.own);
    restore(next);
    switch_context(self.saved, next.saved);
}

void virtual_threads::restore(thread& next) noexcept {
    running_ = &next;
    current_thread() = next.state;
    *this_thread_eh_globals() = next.exceptions;
}

}  // namespace mioco::detail::sim
