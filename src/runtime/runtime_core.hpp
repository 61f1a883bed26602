// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <mioco/metrics.hpp>

#include "base/lock.hpp"
#include "debug/deadlock.hpp"
#include "debug/dump_on_signal.hpp"
#include "debug/watchdog.hpp"
#include "fiber/fiber_pool.hpp"
#include "io/driver.hpp"
#include "io/outsiders.hpp"
#include "offload/offload_pool.hpp"
#include "runtime/fiber_census.hpp"
#include "runtime/idle_waiters.hpp"
#include "runtime/settings.hpp"
#include "sched/guest_count.hpp"
#include "sched/shared_fibers.hpp"
#include "sched/watch_board.hpp"

namespace mioco::detail {

class worker;

/// What stands behind a `mioco::runtime`: its workers, and what they have in common.
///
/// Worker 0 runs on the thread that calls `runtime::run`, or on a thread of its own once somebody spawns without that. All
/// other workers have threads of their own from the first fiber on until the object's end.
class runtime_core {
public:
    explicit runtime_core(const config& asked, driver& io = current_driver());
    ~runtime_core();
    runtime_core(const runtime_core&) = delete;
    runtime_core& operator=(const runtime_core&) = delete;

    [[nodiscard]] const detail::settings& settings() const noexcept { return settings_; }
    [[nodiscard]] stack_kind default_stack() const noexcept { return settings_.stacks; }
    [[nodiscard]] driver& io() noexcept { return driver_; }
    /// [any thread but a worker's own] See `refuse_outsider`.
    void refuse_outsiders(const char* did) const noexcept {
        if (is_repeatable_) [[unlikely]]
            refuse_outsider(driver_, did);
    }
    [[nodiscard]] guest_count& guests() noexcept { return guests_; }
    [[nodiscard]] fiber_pool& pool() noexcept { return pool_; }
    [[nodiscard]] watch_board& board() noexcept { return board_; }
    [[nodiscard]] offload_pool& offloads() noexcept { return offloads_; }
    [[nodiscard]] deadlock_search& deadlocks() noexcept { return deadlocks_; }
    /// Null: nobody.
    [[nodiscard]] watchdog* watching() noexcept { return watchdog_.get(); }
    /// [any thread] A fiber was spawned by no worker of this runtime.
    void count_spawned_outside() noexcept {
        spawned_outside_.fetch_add(1, std::memory_order_relaxed);
    }
    /// What its workers have counted; by whom others take its name for that of their own, see runtime_list.
    [[nodiscard]] runtime_metrics metrics() const;
    [[nodiscard]] unsigned namesake() const noexcept { return namesake_; }

    [[nodiscard]] unsigned worker_count() const noexcept { return settings_.workers; }
    [[nodiscard]] worker& worker_at(unsigned number) noexcept { return *workers_[number]; }
    [[nodiscard]] worker& worker_after(const worker& other) noexcept;
    /// Wakes a sleeping worker, if there is one; not the one with the number `except`.
    void rouse_one(unsigned except) noexcept;

    /// Its threads, with the one that drives it and those of its pool, which is not above what there are; 0: not known now.
    [[nodiscard]] std::size_t thread_count() noexcept;

    // Fibers
    /// Counts a fiber that is about to start. `stop` reaches it from then on.
    void one_starts(fiber& f) noexcept;
    void one_ended() noexcept;
    /// [worker] The same, by places that it keeps.
    void one_starts(fiber& f, fiber_census::places& own) noexcept;
    void one_ended(fiber_census::places& own) noexcept;
    /// [worker] Has nothing left to run.
    void give_back(fiber_census::places& own) noexcept {
        if (census_.give_back(own)) come_to_rest();
    }
    /// Unless it has no fibers, the runtime does not come to rest before `let_go` is called for it.
    [[nodiscard]] bool keep_alive() noexcept { return census_.keep_alive(); }
    void let_go() noexcept;
    /// [any thread] Starts the threads that do not run yet. Throws std::system_error when the system has none left.
    void start_threads(bool with_first_worker);
    /// [worker, or guest] Queues a ready fiber for whichever worker is free first.
    void inject(fiber& f) noexcept;
    /// Those that no worker has. Who pushes some rouses a worker.
    [[nodiscard]] shared_fibers& shared() noexcept { return shared_; }

    // Running and stopping
    /// Whether the calling thread shall be worker 0 until all fibers have ended; if so, `drive` must follow.
    bool begin_to_drive();
    void drive() noexcept;
    /// Until all fibers have ended. Then `stop` is over. Rethrows what `fail` was given.
    void wait();
    /// Asks all fibers to stop, and waits until they have ended or the deadline has come; false in that case, with a report of
    /// those that are left.
    bool shut_down(nanoseconds_t deadline);
    [[nodiscard]] bool is_at_rest() const noexcept { return census_.is_at_rest(); }

    /// Async-signal-safe.
    void request_stop() noexcept;
    [[nodiscard]] bool stop_is_due() const noexcept { return census_.stop_is_due(); }
    [[nodiscard]] std::size_t fiber_count() const noexcept;
    /// The same, or more while workers are busy.
    [[nodiscard]] std::size_t most_fibers() const noexcept { return census_.count(); }
    /// From a stop's request until `wait` has seen the last fiber end.
    [[nodiscard]] bool is_stopping() const noexcept { return census_.is_stopping(); }
    /// [worker] Carries a requested stop out.
    void cancel_if_stopped() noexcept {
        if (census_.stop_may_be_due()) cancel_all();
    }
    /// For `on_uncaught::rethrow`: stops, and keeps the first exception for `wait`.
    void fail(std::exception_ptr error) noexcept;

private:
    std::exception_ptr take_error() noexcept;
    static bool is_idle(const runtime_core& self) noexcept { return self.is_at_rest(); }
    static bool is_closing(const runtime_core& self) noexcept {
        return self.closing_.load(std::memory_order_seq_cst);
    }

    void start_thread(unsigned number);
    void start_watchdog();
    void end_watchdog() noexcept;
    void wake_workers() noexcept;
    void come_to_rest() noexcept;
    void join_threads() noexcept;
    void cancel_all() noexcept;
    void cancel_each();
    void deliver_from_outside(fiber& f) noexcept;
    void require_other_runtime() const;

    friend class runtime_list;
    runtime_core* next_existing_ = nullptr;
    unsigned namesake_ = 0;

    const detail::settings settings_;
    driver& driver_;
    const bool is_repeatable_;
    fiber_pool& pool_;
    std::vector<std::unique_ptr<worker>> workers_;
    watch_board board_;
    guest_count guests_;
    offload_pool offloads_;
    deadlock_search deadlocks_;
    std::unique_ptr<watchdog> watchdog_;
    std::optional<dump_signal> dump_signal_;
    std::atomic<std::uint64_t> spawned_outside_{0};
    std::atomic<unsigned> from_outside_{0};  // fibers that schedulers got from outside

    fiber_census census_;

    shared_fibers shared_;

    std::atomic<bool> closing_{false};

    idle_waiters idle_waiters_;
    lock error_lock_;
    std::exception_ptr error_;  // the first that `fail` was given

    std::mutex
        threads_mutex_;  // for what follows; plain threads hold it while they start and join others
    std::vector<std::unique_ptr<driver_thread>> threads_;
    unsigned others_started_ = 0;
    bool first_started_ = false;
    bool driven_ = false;
};

}  // namespace mioco::detail
