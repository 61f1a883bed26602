// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fiber/parking.hpp"
#include "io/driver.hpp"
#include "offload/offload_job.hpp"

// The threads of a runtime that may block.
//
// A runtime has a pool of its own, although one a process would need fewer threads: with a shared bound, jobs that wait for a
// fiber of another runtime could hold all threads that this fiber's own jobs need. And so the threads end with their
// runtime, and its config bounds them.
//
// Who offloads is a fiber, always: a plain thread may block itself (see offload.cpp). It opens a wait and queues its job,
// which lies in its frame. The thread that takes the job claims that wait, calls, and completes the wait. So the wait word says
// who may do what: until the claim a cancel can end the wait instead, and the job is never called; from the claim on the
// frame is the thread's, and no cancel gets through.
//
// A job that nobody waits for belongs to itself (see detached_call.hpp): its fiber may leave while it runs.
//
// All that is shared is under one mutex, held for a few instructions: there is nothing lock-free here.

namespace mioco::detail {

class offload_pool {
public:
    struct options {
        unsigned most_threads;
        /// Jobs that may be queued. A call that comes later waits, in order, for a place in the queue.
        std::size_t most_queued;
        /// Threads are named `<name>-pool-<number>`.
        std::string name;
        std::chrono::nanoseconds idle_for = std::chrono::seconds(10);
    };

    explicit offload_pool(options wanted, driver& io = system_driver())
        : options_(std::move(wanted)), io_(io) {}
    /// `close`.
    ~offload_pool() { close(); }
    offload_pool(const offload_pool&) = delete;
    offload_pool& operator=(const offload_pool&) = delete;

    enum class outcome {
        done,
        cancelled,  ///< The fiber was, before the job was begun.
        no_thread   ///< The system has none left, and the pool has none.
    };
    /// [fiber] Has a thread make the call, and parks until it has returned; unless the mode masks that, a cancel ends this
    /// as long as the call has not begun. Otherwise the job is called, or refused.
    outcome run(fiber& self, offload_job& job, parking::cancelling mode) noexcept;

    /// Has a thread make the call of a job that nobody waits for. If there is no thread, the job is refused, and called all the same: here,
    /// or where another thread was to be started.
    void post(offload_job& job) noexcept;
    /// Whether the job was still queued. Then it is no longer, and will not be called.
    bool withdraw(offload_job& job) noexcept;

    /// When no fiber can come any more: ends all threads and joins them.
    void close() noexcept;

    // What there is at the moment.
    [[nodiscard]] unsigned threads() const;
    [[nodiscard]] unsigned idle_threads() const;
    [[nodiscard]] std::size_t queued() const;
    /// Calls that wait for a place in the queue.
    [[nodiscard]] std::size_t waiting_for_room() const;

private:
    struct pool_thread {
        unsigned number = 0;
        std::unique_ptr<driver_thread> handle;  // under `starting_`
        std::condition_variable call;
        bool called = false;  // since it became idle
        pool_thread* next_idle = nullptr;
    };

    // Threads
    bool call_one_idle() noexcept;
    bool reserve_thread() noexcept;
    void start_thread() noexcept;
    pool_thread& make_room();
    void spawn(pool_thread& made);
    void give_up(unsigned number) noexcept;
    void work(pool_thread& me) noexcept;
    offload_job* take_job_or_rest(pool_thread& me) noexcept;
    bool wait_until_called(pool_thread& me);
    void leave_idle(pool_thread& me) noexcept;
    void join(pool_thread& ended) noexcept;

    // Jobs
    offload_job* take_claimed() noexcept;
    void refuse_all(std::unique_lock<std::mutex>& held) noexcept;

    const options options_;
    driver& io_;

    mutable std::mutex mutex_;  // for what follows
    // The first `most_queued` are the queue, the others wait for a place in it. All lie in their callers' frames, and all
    // callers are parked, so that a place costs nothing and nobody has to be woken to take one.
    job_queue jobs_;
    unsigned count_ = 0;  // threads that have not ended, with those that are about to be started
    std::vector<std::unique_ptr<pool_thread>> threads_;  // by number; null: free
    pool_thread* idle_ =
        nullptr;  // the last one to become idle comes first, so that others may end
    unsigned idle_count_ = 0;
    std::unique_ptr<pool_thread> ended_;  // the last one that did, for the next one to join
    bool closing_ = false;

    std::mutex
        starting_;  // for handles: a thread may end before the one that started it has stored its handle
};

}  // namespace mioco::detail
