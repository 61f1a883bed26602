// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <vector>

#include <mioco/config.hpp>

#include "context/context.hpp"
#include "fiber/eh_globals.hpp"
#include "fiber/fiber.hpp"
#include "fiber/fiber_pool.hpp"
#include "io/driver.hpp"
#include "io/lease_cache.hpp"
#include "runtime/fiber_census.hpp"
#include "sched/inbox.hpp"
#include "sched/neighbourhood.hpp"
#include "sched/next_slot.hpp"
#include "sched/ready_list.hpp"
#include "sched/run_queue.hpp"
#include "sched/scheduler_seat.hpp"
#include "sched/sleep_gate.hpp"
#include "sched/spin_trial.hpp"
#include "sched/thief_gate.hpp"
#include "sched/worker_counts.hpp"
#include "stack/depot.hpp"
#include "time/timer_heap.hpp"

namespace mioco::detail {

class runtime_core;
class watchdog;
struct thread_state;
struct no_park_region;

/// What is to be done for a fiber that has just been switched away from, by whoever runs next: only then are its registers
/// saved, so that another thread may resume it.
struct handover {
    enum class action : std::uint8_t { nothing, requeue, park, park_timed, bury };
    fiber* left = nullptr;
    action what =
        action::park;  // between switches always: what is done most is not written down each time
};

/// An OS thread that runs fibers. Members without a comment are used by its own thread only.
class worker {
public:
    /// Throws std::system_error when the system has no descriptor or no memory for it.
    worker(runtime_core& home, unsigned number);
    ~worker();
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    /// Runs fibers on the calling thread until `finished` says so; asked whenever there is nothing to run.
    void run(bool (*finished)(const runtime_core&));

    [[nodiscard]] runtime_core& home() const noexcept { return home_; }
    [[nodiscard]] unsigned number() const noexcept { return number_; }
    [[nodiscard]] driver& io() const noexcept { return io_; }
    /// See `driver`; asked for every message.
    [[nodiscard]] bool transfers_by_system() const noexcept { return transfers_by_system_; }
    [[nodiscard]] poller& events() noexcept { return *poller_; }
    [[nodiscard]] timer_heap& timers() noexcept { return timers_; }
    [[nodiscard]] lease_cache& leases() noexcept { return leases_; }
    [[nodiscard]] fiber_cache& blocks() noexcept { return blocks_; }
    [[nodiscard]] eh_globals& thread_exceptions() noexcept { return *thread_exceptions_; }
    std::uint64_t next_fiber_id() noexcept;
    /// To add to; for others only to read.
    [[nodiscard]] worker_counts& counts() noexcept { return counts_; }
    [[nodiscard]] fiber_census::places& places() noexcept { return places_; }
    /// When it last looked at the clock.
    [[nodiscard]] nanoseconds_t looked_at() const noexcept { return looked_at_; }

    // Switching, called on the stack of `self`, the running fiber
    /// Lets others run; `self` stays ready.
    void yield(fiber& self) noexcept;
    /// The same, and looks around first: `self` has been busy for a while.
    void yield_spent(fiber& self) noexcept;
    /// Until the wait is over. The caller goes on on whichever worker resumes it.
    void park(fiber& self) noexcept;
    /// The same, for a wait with a deadline.
    void park_timed(fiber& self) noexcept;
    /// The same, inline; in worker_switch.hpp.
    inline void park_here(fiber& self) noexcept;

    // For guards of the running fiber; see no_park.cpp
    void forbid_leaving(no_park_region& region, const fiber& self) noexcept;
    void allow_leaving(const no_park_region& region) noexcept;
    /// [in a forked child, by the fiber that has forked] No other fiber runs here any more, see fork.cpp.
    void stay_with_fiber() noexcept;

    // Making fibers ready
    /// [this thread] Queues a fiber here, or where it belongs.
    inline void make_ready(fiber& f) noexcept;
    /// The same, on the worker's own stack.
    inline void make_ready_from_loop(fiber& f) noexcept;

    // The end of a fiber, called by it; afterwards its block is no longer its own
    /// Tells whoever joins it, or will; false, and nothing done, if it is detached.
    bool tell_end(fiber& self) noexcept;
    /// Of one that is detached, when nothing is left to dispose of.
    void end_detached(fiber& self) noexcept;

    /// [this thread] Queues a fiber that has not run yet.
    void start(fiber& f) noexcept;
    /// [this thread] Queues a fiber that its scheduler lets run here.
    void run_here(fiber& f) noexcept { bound_.push(f); }
    [[nodiscard]] bool has_to_run() const noexcept { return !bound_.empty(); }
    /// Null: work stealing.
    [[nodiscard]] scheduler_seat* seat() const noexcept { return seat_.get(); }
    /// [any thread] Queues a fiber for this worker and no other.
    void deliver(fiber& f) noexcept;
    /// [any thread] Ends its sleep; false if it does not sleep.
    bool rouse() noexcept;

    [[nodiscard]] bool is_asleep() const noexcept { return gate_.is_asleep(); }
    /// [who keeps its runtime's workers from ending, see runtime_list] Whether the fiber runs here at the moment.
    [[nodiscard]] bool is_running(const fiber& f) const noexcept;
    /// What it does at one moment: two that are equal mean that it has not left the fiber between them.
    struct activity {
        const fiber* running = nullptr;
        std::uint64_t fiber_id = 0;
        std::uint64_t switches = 0;
        std::int32_t ticks_left = 0;
        int thread = 0;  // number of its thread; 0: it has none now
        bool operator==(const activity&) const = default;
    };
    /// [the same]
    [[nodiscard]] activity now_doing() const noexcept;

private:
    friend class neighbourhood;

    // worker_switch.hpp: what is done at each switch
    inline void switch_from(fiber& self) noexcept;
    inline void leave(fiber& self) noexcept;
    inline void announce(fiber* to, eh_globals& exceptions) noexcept;
    inline void settle() noexcept;
    inline void settle_as_yielder() noexcept;
    inline void settle_parked() noexcept;
    inline fiber* next_to_switch_to(const fiber& self) noexcept;
    [[nodiscard]] bool must_see_loop() const noexcept { return ticks_left_ <= 0; }
    [[noreturn]] void refuse_to_leave(const fiber& self) noexcept;
    [[noreturn]] void refuse_outlived_guard() noexcept;
    void refuse_in_forked_child(const fiber& self, bool has_ended) const noexcept;

    // worker.cpp: the rest of switching
    static void fiber_main(void* block);
    void resume(fiber& next) noexcept;
    void settle_otherwise() noexcept;
    void settle_buried() noexcept;
    void settle_timed() noexcept;
    void interrupt_parked(fiber& f, std::uint64_t epoch) noexcept;
    void expire_parked(fiber& f, std::uint64_t epoch) noexcept;
    fiber* succeed() noexcept;
    void keep_remains(fiber& self) noexcept;
    fiber* wait_for_successor(fiber* next) noexcept;
    bool give_spare(fiber& next) noexcept;
    void wake_joiner(wait_token joiner) noexcept;
    fiber* give_cached_stack(fiber& next) noexcept;
    void leave_to_loop(fiber& next) noexcept;
    void begin_life(fiber& f) noexcept;
    bool give_stack(fiber& f) noexcept;
    void take_back_stack() noexcept;
    void give_elsewhere(stack freed) const noexcept;

    void grant_ticks(std::int32_t ticks) noexcept;

    // worker_queue.hpp: what is ready here
    enum class thieves : bool { none, some };
    inline fiber* next_local() noexcept;
    template <thieves Others>
    inline fiber* take_queued() noexcept;
    template <thieves Others>
    inline fiber* take_from_slot() noexcept;
    template <thieves Others>
    inline fiber* swap_slot(fiber* f) noexcept;
    [[nodiscard]] inline bool has_nothing_queued() const noexcept;
    inline void queue(fiber& f) noexcept;
    inline void enqueue(fiber& f) noexcept;
    inline void requeue(fiber& f) noexcept;
    void enqueue_rare(fiber& f) noexcept;
    void spill(fiber& f) noexcept;
    fiber* queue_taken(ready_list taken) noexcept;

    // worker_loop.cpp: finding something to run
    fiber* next_to_start() noexcept;
    fiber* next_local_if_queue_empty() noexcept;
    fiber* take_shared() noexcept;
    fiber* take_delivered() noexcept;
    bool find_work() noexcept;
    void look_around() noexcept;
    void age_stacks(nanoseconds_t now) const noexcept;
    [[nodiscard]] nanoseconds_t until_stacks_age() const noexcept;
    void poll(nanoseconds_t timeout_ns) noexcept;
    [[nodiscard]] std::size_t most_events() const noexcept;
    void sleep(bool (*finished)(const runtime_core&)) noexcept;
    void sleep_at_poller(nanoseconds_t timeout_ns, bool watching,
                         bool (*finished)(const runtime_core&)) noexcept;
    [[nodiscard]] nanoseconds_t longest_sleep(bool watching) noexcept;
    bool spin(bool (*finished)(const runtime_core&)) noexcept;
    [[nodiscard]] spin_trial::account used_until_now() const noexcept;
    void judge_spins() noexcept;
    nanoseconds_t look_at_clock() noexcept;
    bool send_elsewhere(fiber& f) noexcept;

    static constexpr std::int32_t operations_a_run = 128;
    // So few that what an event touches of its fiber is still in this core's own cache when the last one's turn has come, after all
    // that the kernel touches for the others.
    static constexpr std::size_t events_a_poll = 48;
    static constexpr unsigned most_in_a_row_from_slot = 16;

    runtime_core& home_;
    const unsigned number_;
    const migration moves_;
    const bool is_alone_;         // in its runtime
    const bool ages_stacks_;      // a simulation does not: what other runs left is not to change it
    const bool always_switches_;  // at a yield, also when nobody else is ready
    const bool transfers_by_system_;
    driver& io_;
    neighbourhood neighbours_;
    std::unique_ptr<scheduler_seat> seat_;
    thread_state* thread_ = nullptr;  // of the thread that runs it
    watchdog* const watchdog_;        // null: none
    int thread_number_ = 0;           // the kernel's, for the watchdog
    context loop_;
    eh_globals loop_exceptions_;
    eh_globals* thread_exceptions_ = nullptr;
    handover handover_;
    std::int32_t ticks_left_ = 0;     // switches until the next look around
    std::int32_t ticks_granted_ = 0;  // at the last one
    std::int32_t other_ticks_ = 0;    // of those used since then, for something else than a park
    worker_counts counts_;
    fiber_census::places places_;
    std::int32_t ticks_kept_ = 0;        // those left, while there are guards
    no_park_region* no_park_ = nullptr;  // guards of the running fiber, the innermost first
    // Of the innermost: one that has outlived its fiber may be gone with its stack.
    std::uint64_t no_park_fiber_ = 0;
    std::source_location no_park_made_at_;
    unsigned looks_at_shared_ = 0;
    unsigned slot_streak_ = 0;    // fibers run from next_ since one from the queue was preferred
    fiber* successor_ = nullptr;  // of the fiber that is just ending
    // What is left of that fiber, until another one runs.
    struct remains {
        context ctx;
        stack memory;
        fiber* block = nullptr;  // of which a share goes with them
    } ended_;
    // The same of one whose context waits for a new fiber; no memory: there is none.
    remains spare_;
    fiber* started_by_loop_ =
        nullptr;  // taken from a queue, but its stack takes system calls to get

    thief_gate thieves_;
    basic_run_queue<fiber> queue_;  // thieves take from it
    basic_next_slot<fiber> next_;   // made ready by the running fiber: thieves take it last
    ready_list bound_;              // fibers that must run here
    basic_inbox<fiber> inbox_;      // others put in
    sleep_gate gate_;
    spin_trial spins_;
    std::unique_ptr<poller> poller_;
    timer_heap timers_;
    const nanoseconds_t poll_interval_ns_;
    nanoseconds_t polled_at_ = 0;
    nanoseconds_t looked_at_ = 0;    // at the clock, the last time
    std::uint32_t clock_stamp_ = 0;  // of that, for what parks
    bool slept_ = true;              // since it last ran a fiber
    // Times it has polled, for neighbours who want to know whether it is held up. Relaxed: only a hint.
    std::atomic<std::uint32_t> polls_{0};

    lease_cache leases_;
    fiber_cache blocks_;
    stack_magazine stacks_;
    stack reserve_stack_;  // for the end of a fiber that gets no stack
    bool reserve_in_use_ = false;
    std::uint64_t next_id_ = 0;
    std::uint64_t end_id_ = 0;
};

}  // namespace mioco::detail
