// SPDX-License-Identifier: MPL-2.0
#include "debug/watchdog.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "base/signals_blocked.hpp"
#include "debug/dump.hpp"
#include "debug/fiber_look.hpp"
#include "fiber/fiber_table.hpp"
#include "runtime/runtime_core.hpp"
#include "runtime/runtime_list.hpp"

namespace mioco::detail {

std::unique_ptr<watchdog> watchdog::make(runtime_core& home, nanoseconds_t limit_ns) {
    return limit_ns == 0 ? nullptr : std::make_unique<watchdog>(home, limit_ns);
}

watchdog::watchdog(runtime_core& home, nanoseconds_t limit_ns)
    : home_(home), limit_ns_(limit_ns), sampling_(std::in_place), seen_(home.worker_count()) {}

void watchdog::start() {
    if (thread_ != nullptr) return;
    const signals_blocked meanwhile;
    thread_ = home_.io().start_thread(home_.settings().name + "-watch", [this] { watch(); });
}

void watchdog::end() noexcept {
    {
        const std::scoped_lock held(mutex_);
        ending_ = true;
        called_.notify_one();
    }
    if (thread_ != nullptr) thread_->join();
    thread_ = nullptr;
    sampling_.reset();
}

void watchdog::call() noexcept {
    const std::scoped_lock held(mutex_);
    called_.notify_one();
}

// False: it is to end.
bool watchdog::pause() noexcept {
    constexpr nanoseconds_t shortest_ns = 1'000'000;
    constexpr nanoseconds_t longest_ns = 1'000'000'000;
    const std::chrono::nanoseconds interval(std::clamp(limit_ns_ / 4, shortest_ns, longest_ns));
    std::unique_lock held(mutex_);
    if (rests_.load(std::memory_order_seq_cst)) {
        called_.wait(held, [this] { return ending_ || !rests_.load(std::memory_order_seq_cst); });
    } else {
        called_.wait_for(held, interval, [this] { return ending_; });
    }
    return !ending_;
}

void watchdog::watch() noexcept {
    unsigned quiet_looks = 0;
    while (pause()) {
        quiet_looks = look() ? 0 : quiet_looks + 1;
        if (quiet_looks < quiet_looks_until_rest) continue;
        quiet_looks = 0;
        rests_.exchange(true, std::memory_order_seq_cst);
        if (any_awake()) rests_.exchange(false, std::memory_order_seq_cst);
    }
}

bool watchdog::any_awake() noexcept {
    const std::scoped_lock held(existing_runtimes.lock());
    for (unsigned i = 0; i < home_.worker_count(); ++i) {
        const worker& each = home_.worker_at(i);
        if (!each.is_asleep() && each.now_doing().thread != 0) return true;
    }
    return false;
}

// Whether any worker is awake.
bool watchdog::look() noexcept {
    const nanoseconds_t now = home_.io().now();
    for (unsigned i = 0; i < home_.worker_count(); ++i) {
        std::unique_lock held(existing_runtimes.lock());
        worker& each = home_.worker_at(i);
        const bool is_held = seen_[i].look(each.now_doing(), now, limit_ns_);
        held.unlock();
        if (is_held) report(each, seen_[i]);
    }
    return any_awake();
}

void watchdog::report(worker& on, const held_worker& seen) noexcept {
    fiber& f = all_fibers[seen.doing().running->index];
    fiber_look look;
    stack_copies none;
    // What has gone on meanwhile is no longer held up.
    if (!look.take(f, &home_, none) || look.id != seen.doing().fiber_id ||
        look.what != fiber_look::state::running)
        return;
    const auto sample = stack_sampler::take(on, seen.doing());
    if (sample) look.call_count = find_interrupted_calls(sample->frames, sample->place, look.calls);
    char headline[256];
    std::snprintf(headline, sizeof headline,
                  "mioco: fiber %llu%s%s%s of %s has held worker %u for %.3f s, and lets no other "
                  "fiber run there:\n",
                  static_cast<unsigned long long>(look.id), look.name[0] == '\0' ? "" : " \"",
                  look.name, look.name[0] == '\0' ? "" : "\"", look.runtime, on.number(),
                  static_cast<double>(seen.held_for()) * 1e-9);
    put_fiber_on_stderr(headline, look);
}

}  // namespace mioco::detail
