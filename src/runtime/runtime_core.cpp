// SPDX-License-Identifier: MPL-2.0
#include "runtime/runtime_core.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include <pthread.h>

#include <mioco/error.hpp>

#include "base/racing.hpp"
#include "debug/log.hpp"
#include "fiber/fiber_run.hpp"
#include "fiber/fiber_table.hpp"
#include "fiber/parking.hpp"
#include "io/fd.hpp"
#include "runtime/cancel.hpp"
#include "runtime/fork_guard.hpp"
#include "runtime/runtime_list.hpp"
#include "runtime/stop_signals.hpp"
#include "sched/scheduler_seat.hpp"
#include "sched/wake_inline.hpp"
#include "sched/worker.hpp"
#include "stack/overflow.hpp"

namespace mioco::detail {

namespace {
constexpr unsigned nobody = ~0U;
}  // namespace

runtime_core::runtime_core(const config& asked, driver& io)
    : settings_(resolve_settings(asked, io)),
      driver_(io),
      is_repeatable_(io.is_repeatable()),
      pool_(fiber_pool::rent(*this)),
      board_(settings_.workers),
      offloads_({settings_.offload_threads, settings_.offload_queue, settings_.name,
                 std::chrono::nanoseconds(io.idle_thread_lives_ns())},
                io),
      deadlocks_(*this),
      watchdog_(watchdog::make(*this, settings_.watchdog_ns)) {
    refuse_after_fork("a runtime");
    barrier_sync::prepare_barriers();
    watch_for_fork();
    install_overflow_handler();
    workers_.reserve(settings_.workers);
    try {
        if (settings_.dump_signal != 0) dump_signal_.emplace(settings_.dump_signal);
        for (unsigned i = 0; i < settings_.workers; ++i)
            workers_.push_back(std::make_unique<worker>(*this, i));
    } catch (...) {
        workers_.clear();
        pool_.forget_tenant();
        pool_.end_rent();
        throw;
    }
    existing_runtimes.add(*this);
}

runtime_core::~runtime_core() {
    request_stop();
    const auto idle = [](const void* self) {
        return static_cast<const runtime_core*>(self)->is_at_rest();
    };
    const cancel_shield until_all_have_ended;
    while (idle_waiters_.wait_unless(idle, this, never) != idle_waiters::outcome::held) {
    }
    forget_stop_signals(*this);  // now that no fiber can call `stop_on_signal` any more
    offloads_.close();
    end_watchdog();
    closing_ = true;
    wake_workers();
    join_threads();
    existing_runtimes.remove(*this);
    while (!guests_.none()) driver_.yield_thread();
    for (auto& each : workers_) forget_poller(each->events());
    // Before the workers go: a handle that is dropped anywhere may have an exception to tell, which would stop them.
    pool_.forget_tenant();
    workers_.clear();
    pool_.end_rent();
    stack_depot::age_all_at_once();
    if (const std::exception_ptr error = take_error()) report_failure(error);
}

worker& runtime_core::worker_after(const worker& other) noexcept {
    return *workers_[(other.number() + 1) % workers_.size()];
}

void runtime_core::rouse_one(unsigned except) noexcept {
    for (auto& each : workers_) {
        if (each->number() != except && each->rouse()) return;
    }
}

void runtime_core::one_starts(fiber& f) noexcept {
    f.shares.store(1, std::memory_order_relaxed);  // the handle's
    const auto start = census_.one_starts();
    if (start.is_stopping) [[unlikely]]
        request_own_cancel(f);
    // Schedulers were not asked for a bound of their sleep while there was nobody.
    if (start.is_first && settings_.scheduler) [[unlikely]]
        wake_workers();
}

// Schedulers are told of the first one, so they count each.
void runtime_core::one_starts(fiber& f, fiber_census::places& own) noexcept {
    if (settings_.scheduler) [[unlikely]]
        return one_starts(f);
    f.shares.store(1, std::memory_order_relaxed);
    if (census_.one_starts(own)) [[unlikely]]
        request_own_cancel(f);
}

void runtime_core::one_ended() noexcept {
    if (census_.one_ended()) come_to_rest();
}

void runtime_core::one_ended(fiber_census::places& own) noexcept {
    if (settings_.scheduler) [[unlikely]]
        return one_ended();
    census_.one_ended(own);
}

// Unless a worker takes or gives back places meanwhile, what is counted less what all keep.
std::size_t runtime_core::fiber_count() const noexcept {
    constexpr int most_looks = 16;
    std::size_t counted = most_fibers();
    std::size_t kept = 0;
    for (int look = 0; look < most_looks; ++look) {
        kept = 0;
        for (const auto& each : workers_) kept += load_racing(each->places().kept);
        if (const std::size_t before = std::exchange(counted, most_fibers()); before == counted)
            break;
    }
    return counted - std::min(counted, kept);
}

void runtime_core::let_go() noexcept {
    if (census_.let_go()) come_to_rest();
}

void runtime_core::come_to_rest() noexcept {
    idle_waiters_.notify_all();
    workers_.front()->rouse();
}

[[gnu::noinline]] void runtime_core::wake_workers() noexcept {
    for (auto& each : workers_) each->events().wake();
}

void runtime_core::inject(fiber& f) noexcept {
    if (f.pinned && f.has_started()) return f.on->deliver(f);
    if (settings_.scheduler) [[unlikely]]
        return deliver_from_outside(f);
    ready_list one;
    one.push(f);
    shared_.push(one);
    rouse_one(nobody);
}

// What plain threads and other runtimes spawn goes to the workers in turn.
void runtime_core::deliver_from_outside(fiber& f) noexcept {
    const unsigned turn = from_outside_.fetch_add(1, std::memory_order_relaxed);
    scheduler_seat::enter(f);
    workers_[turn % worker_count()]->deliver(f);
}

void runtime_core::request_stop() noexcept {
    refuse_outsiders("stopped a runtime");
    census_.request_stop();
    wake_workers();
}

// The stop is over when the last fiber has ended, and must not be before this is done: what came next would be cancelled too. Without
// fibers there is nobody to look for, as those that start from now on are born cancelled.
void runtime_core::cancel_all() noexcept {
    const std::uint64_t seen = census_.stop();
    if (!fiber_census::is_due(seen)) return;
    const bool has_fibers = keep_alive();
    if (census_.carry_out_stop(seen)) {
        MIOCO_LOG("stops all fibers");
        if (has_fibers) cancel_each();
    }
    if (has_fibers) let_go();
}

void runtime_core::cancel_each() {
    if (!driver_.is_repeatable()) return all_fibers.for_each([this](fiber& f) { cancel(f, this); });
    // Which blocks they have depends on the runs before.
    std::vector<std::pair<std::uint64_t, fiber*>> by_age;
    all_fibers.for_each([&](fiber& f) {
        if (f.home.load(std::memory_order_relaxed) == this) by_age.emplace_back(f.number(), &f);
    });
    std::ranges::sort(by_age);
    for (const auto& [number, each] : by_age) cancel(*each, this);
}

void runtime_core::fail(std::exception_ptr error) noexcept {
    {
        const std::scoped_lock held(error_lock_);
        if (error_ == nullptr) error_ = std::move(error);
    }
    request_stop();
}

std::exception_ptr runtime_core::take_error() noexcept {
    const std::scoped_lock held(error_lock_);
    return std::exchange(error_, nullptr);
}

}  // namespace mioco::detail
