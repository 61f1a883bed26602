// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "base/sys.hpp"
#include "debug/log.hpp"
#include "debug/watchdog.hpp"
#include "fiber/eh_globals.hpp"
#include "runtime/runtime_core.hpp"
#include "runtime/runtime_list.hpp"
#include "sched/current.hpp"
#include "sched/worker.hpp"
#include "sched/worker_queue.hpp"
#include "stack/overflow.hpp"

// Finding something to run, on the worker's own stack: first what is queued here, then what was injected into the runtime, then what
// the poller and the timers bring, then what has waited for a neighbour; and then sleep, perhaps after a spin.

namespace mioco::detail {

namespace {

// Sleeps of a worker end when they should, not up to 50 us later as for other threads.
class precise_sleeps {
public:
    precise_sleeps() noexcept : slack_ns_(sys::timer_slack_ns()) { sys::set_timer_slack_ns(1); }
    ~precise_sleeps() { sys::set_timer_slack_ns(slack_ns_); }
    precise_sleeps(const precise_sleeps&) = delete;
    precise_sleeps& operator=(const precise_sleeps&) = delete;

private:
    long slack_ns_;
};

// What a thread of the system needs to run fibers. A simulation's threads share one, and need none of it.
class system_thread_settings {
public:
    system_thread_settings() {
        if (current_thread().world != nullptr) return;
        precise_.emplace();
        for_overflows_.emplace();
    }

private:
    std::optional<precise_sleeps> precise_;
    std::optional<overflow_stack> for_overflows_;
};

class on_this_thread {
public:
    explicit on_this_thread(worker& w) noexcept : before_(current_thread()) {
        thread_state& state = current_thread();
        state.on_worker = &w;
        state.running = nullptr;
    }
    ~on_this_thread() {
        thread_state& state = current_thread();
        state.on_worker = before_.on_worker;
        state.running = before_.running;
    }
    on_this_thread(const on_this_thread&) = delete;
    on_this_thread& operator=(const on_this_thread&) = delete;

private:
    const thread_state before_;
};

}  // namespace

void worker::run(bool (*finished)(const runtime_core&)) {
    const on_this_thread here(*this);
    const system_thread_settings settings;
    adopt_thread(loop_, current_thread().stack);
    thread_number_ = watchdog_ != nullptr ? sys::thread_number() : 0;
    thread_ = &current_thread();
    thread_exceptions_ = this_thread_eh_globals();
    if (watchdog_ != nullptr) watchdog_->note_awake();
    look_at_clock();
    if (spins_.may_begin()) spins_.begin_window(used_until_now());
    neighbours_.arrive();
    if (seat_ != nullptr) seat_->arrive();
    slept_ = true;
    MIOCO_LOG("worker starts");
    while (true) {
        if (must_see_loop()) look_around();
        fiber* const next = next_to_start();
        if (next != nullptr) {
            if (std::exchange(slept_, false)) neighbours_.ensure_watcher();
            resume(*next);
            continue;
        }
        home_.give_back(places_);
        if (finished(home_)) break;
        if (!find_work()) sleep(finished);
    }
    MIOCO_LOG("worker ends");
    grant_ticks(ticks_left_);
    neighbours_.depart();
    // The thread's state goes with the thread, which may end now.
    const std::scoped_lock held(existing_runtimes.lock());
    thread_ = nullptr;
}

nanoseconds_t worker::look_at_clock() noexcept {
    looked_at_ = home_.io().now();
    clock_stamp_ = clock_stamp(looked_at_);
    return looked_at_;
}

fiber* worker::next_to_start() noexcept {
    fiber* next = std::exchange(started_by_loop_, nullptr);
    if (next == nullptr) next = next_local();
    if (next == nullptr) next = queue_taken(home_.shared().take_any(home_.worker_count()));
    if (next == nullptr || next->has_started() || give_stack(*next)) return next;
    // Not even the reserve is free. Its user is a closure that is being destroyed on this worker, and waits for something.
    queue(*next);
    grant_ticks(0);
    return nullptr;
}

// Beside what it has. No more than the queue has room for, and the one that runs next: it would push out what has not started, which then
// waits anew. Those are for who has few others; but where many are always ready some begin now and then.
fiber* worker::take_shared() noexcept {
    shared_fibers& shared = home_.shared();
    if (shared.empty()) return nullptr;
    constexpr unsigned looks_until_any = 8;
    const bool any_are_due = ++looks_at_shared_ % looks_until_any == 0;
    ready_list taken;
    if (!any_are_due) taken = shared.take_some(home_.worker_count(), queue_.room() + 1);
    const std::size_t room_needed =
        any_are_due ? shared_fibers::most_taken : decltype(queue_)::capacity / 2;
    if (taken.empty() && queue_.room() >= room_needed)
        taken = shared.take_any(home_.worker_count());
    return queue_taken(taken);
}

fiber* worker::take_delivered() noexcept {
    fiber* delivered = inbox_.take_all();
    fiber* const first = delivered;
    if (first == nullptr) return nullptr;
    for (const fiber* each = first; each != nullptr; each = each->next) ++counts_.arrived;
    if (seat_ != nullptr) [[unlikely]] {
        seat_->admit_delivered(first);
        return nullptr;
    }
    delivered = first->next;
    while (delivered != nullptr) {
        fiber& f = *delivered;
        delivered = f.next;
        queue(f);
    }
    return first;
}

void worker::look_around() noexcept {
    if (no_park_ != nullptr) [[unlikely]]
        refuse_outlived_guard();
    grant_ticks(io_.switches_a_look());
    if (fiber* const delivered = take_delivered()) queue(*delivered);
    if (started_by_loop_ == nullptr) started_by_loop_ = take_shared();
    home_.cancel_if_stopped();
    if (seat_ != nullptr) [[unlikely]]
        seat_->serve();
    const nanoseconds_t now = look_at_clock();
    home_.shared().age(now);
    if (now - polled_at_ < poll_interval_ns_) return;
    polled_at_ = now;
    age_stacks(now);
    poll(0);
    timers_.fire(now, timers_);
    if (seat_ != nullptr) [[unlikely]]
        return;
    for (std::size_t i = io_.fibers_to_pass_over(queue_.size()); i > 0; --i) {
        if (fiber* const f = next_local()) queue(*f);
    }
}

void worker::age_stacks(nanoseconds_t now) const noexcept {
    if (ages_stacks_ && stack_depot::age_due() <= now) stack_depot::age_all(now);
}

// Who sleeps as the last one wakes up for that, while there is something to give back; others would have looked anyway.
nanoseconds_t worker::until_stacks_age() const noexcept {
    const nanoseconds_t due = stack_depot::age_due();
    if (due == never || !ages_stacks_ || !neighbours_.all_rest()) return never;
    return std::max<nanoseconds_t>(0, due - home_.io().now());
}

bool worker::find_work() noexcept {
    home_.cancel_if_stopped();
    if (!has_nothing_queued()) return true;
    if (seat_ != nullptr) [[unlikely]] {
        --ticks_left_;
        ++other_ticks_;
        return seat_->serve();
    }
    return neighbours_.find_waiting();
}

void worker::poll(nanoseconds_t timeout_ns) noexcept {
    polls_.store(polls_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    poller_->wait(timeout_ns, std::min(most_events(), events_a_poll), poller::caller::owner);
}

// No more than the queue has room for, if each wakes two fibers. So what comes faster than it is dealt with waits in the kernel, where
// it comes in turn, and not behind what the queue had to give away. But always some, as a queue may stay full.
std::size_t worker::most_events() const noexcept {
    constexpr std::size_t always = 16;
    return std::max(queue_.room() / 2, always);
}

void worker::sleep(bool (*finished)(const runtime_core&)) noexcept {
    grant_ticks(io_.switches_a_look());
    // For its neighbours it is as busy as before: who has run nothing since it slept has been waiting for long.
    if (!slept_) {
        if (spin(finished)) return;
        spins_.begin_wait();
    }
    const nanoseconds_t began = look_at_clock();
    const bool watching = neighbours_.begin_sleep(began);
    sleep_at_poller(longest_sleep(watching), watching, finished);
    if (watchdog_ != nullptr) [[unlikely]]
        watchdog_->note_awake();
    const nanoseconds_t now = look_at_clock();
    const bool found = !has_nothing_queued() || !home_.shared().empty();
    if (spins_.count_sleep(now - began, found)) judge_spins();
    neighbours_.end_sleep(now);
    age_stacks(now);
    if (timers_.earliest() != never) timers_.fire(now, timers_);
    if (watching && has_nothing_queued()) neighbours_.help();
    slept_ = true;
}

void worker::sleep_at_poller(nanoseconds_t timeout_ns, bool watching,
                             bool (*finished)(const runtime_core&)) noexcept {
    ++counts_.sleeps;
    gate_.prepare();
    if (!inbox_.empty() || !home_.shared().empty() || home_.stop_is_due() || finished(home_) ||
        (!watching && neighbours_.need_a_watcher())) {
        timeout_ns = 0;
    }
    poll(timeout_ns);
    gate_.awake();
}

nanoseconds_t worker::longest_sleep(bool watching) noexcept {
    nanoseconds_t timeout = never;
    if (const nanoseconds_t earliest = timers_.earliest(); earliest != never)
        timeout = std::max<nanoseconds_t>(0, earliest - home_.io().now());
    if (watching) timeout = std::min(timeout, neighbours_.interval_ns());
    if (seat_ != nullptr) [[unlikely]]
        timeout = std::min(timeout, seat_->longest_sleep_ns());
    if (timeout == never && neighbours_.all_rest()) timeout = home_.deadlocks().look();
    return std::min(timeout, until_stacks_age());
}

// Whether something came, or a timer's time. Nobody has to wake a worker that spins: it looks itself, and once more before it sleeps.
bool worker::spin(bool (*finished)(const runtime_core&)) noexcept {
    const nanoseconds_t longest = spins_.allowance_ns();
    if (longest == 0) return false;
    const nanoseconds_t began = look_at_clock();
    const nanoseconds_t end = std::min(began + longest, timers_.earliest());
    const auto look = [&] {
        poll(0);
        return !has_nothing_queued() || !home_.shared().empty() || home_.stop_is_due() ||
               finished(home_);
    };
    bool found = look();
    nanoseconds_t now = look_at_clock();
    while (!found && now < end) {
        home_.io().yield_thread();  // to a peer that may wait for this very processor
        found = look();
        now = look_at_clock();
    }
    neighbours_.count_spin(began, now);
    const bool in_time = now < began + longest;
    if (spins_.count_spin(in_time)) judge_spins();
    if (!found && !in_time) return false;
    ++counts_.spins;
    age_stacks(now);
    if (timers_.earliest() != never) timers_.fire(now, timers_);
    return true;
}

spin_trial::account worker::used_until_now() const noexcept {
    return {sys::thread_cpu_ns(), home_.io().now(), counts_.parks + counts_.finished};
}

void worker::judge_spins() noexcept { spins_.judge(used_until_now()); }

fiber* worker::next_local_if_queue_empty() noexcept {
    if (!bound_.empty()) return bound_.pop();
    if (!inbox_.empty()) return take_delivered();
    return next_.empty() ? nullptr : next_.take();
}

// The queue is full: its older half goes to what all share. If only the fiber went there, a queue that is always full would keep it, and
// all that others send, from ever coming back. Where it is a fiber's spawn that does so, those that have not started come back newest first;
// where many that yield fill the queue, all wait in order.
void worker::spill(fiber& f) noexcept {
    std::array<fiber*, decltype(queue_)::most_stolen> older;
    const std::size_t count = queue_.steal(older);
    // As many lists as it takes, and one more for the fiber.
    constexpr std::size_t most_lists = older.size() / shared_fibers::most_taken + 1;
    std::array<ready_list, most_lists> unstarted;
    std::size_t lists = 0;
    ready_list waiting;
    const bool in_order = f.has_started();
    const auto share = [&](fiber& each) {
        if (in_order || each.has_started()) return waiting.push(each);
        if (lists == 0 || unstarted[lists - 1].size() == shared_fibers::most_taken) ++lists;
        unstarted[lists - 1].push(each);
    };
    for (std::size_t i = 0; i < count; ++i) share(*older[i]);
    if (!queue_.push(&f)) share(f);
    if (!waiting.empty()) home_.shared().push(waiting);
    if (lists > 0)
        home_.shared().push_unstarted(std::span(unstarted).first(lists), home_.io().now());
    home_.rouse_one(number_);
}

// The first of them, or null; the others wait here.
fiber* worker::queue_taken(ready_list taken) noexcept {
    fiber* const first = taken.pop();
    if (first != nullptr) ++counts_.arrived;
    while (fiber* const f = taken.pop()) {
        ++counts_.arrived;
        enqueue(*f);
    }
    return first;
}

void worker::enqueue_rare(fiber& f) noexcept { enqueue(f); }

void worker::start(fiber& f) noexcept { enqueue(f); }

bool worker::send_elsewhere(fiber& f) noexcept {
    if (seat_ != nullptr) {
        seat_->admit(f);
        return true;
    }
    if (f.pinned) {
        if (f.on == nullptr || f.on == this) return false;
        f.on->deliver(f);
        return true;
    }
    worker& next = home_.worker_after(f.on != nullptr ? *f.on : *this);
    if (&next == this) return false;
    next.deliver(f);
    return true;
}

void worker::deliver(fiber& f) noexcept {
    inbox_.push(f);
    rouse();
}

bool worker::rouse() noexcept {
    if (!gate_.rouse()) return false;
    poller_->wake();
    return true;
}

}  // namespace mioco::detail
