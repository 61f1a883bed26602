// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/job_queue.hpp"
#include "base/lock.hpp"
#include "io/file_operation.hpp"
#include "io/uring/uring.hpp"

// Operations on files by an io_uring, which belongs to a worker's poller.
//
// Operations are queued here first. Whoever waits at the poller hands them to the kernel, many by one call, and takes what is done: the
// worker at each look around and before it sleeps, and a neighbour while a fiber holds it. So the ring is not bound to a thread (it has
// no IORING_SETUP_SINGLE_ISSUER, nor what needs that): only the owner could take completions then. And worker 0 may have another
// thread at each run.
//
// A waiter's wait is claimed as its operation is handed over, and completed when that is done, as a job's of the pool. All that is
// shared is under one lock, held for a few instructions and the system call.
//
// The kernel completes an operation in the thread that handed it over, by interrupting it. No thread of a runtime ends while a fiber of
// it waits, so none ends with operations of its own under way.

namespace mioco::detail {

/// Whether MIOCO_FILES lets files have a ring. Throws std::invalid_argument if it holds something else than "ring" or "pool".
bool files_may_have_ring();

class file_ring {
public:
    /// Null, and the reason in the log, if the kernel has none for us.
    static std::unique_ptr<file_ring> make();
    ~file_ring();
    file_ring(const file_ring&) = delete;
    file_ring& operator=(const file_ring&) = delete;

    /// Readable while there is something to take.
    [[nodiscard]] int descriptor() const noexcept { return ring_.descriptor(); }
    /// [owner] False once the kernel has refused to be asked any more.
    [[nodiscard]] bool is_usable() const noexcept {
        return !refused_.load(std::memory_order_relaxed);
    }

    /// [owner] Queues it. Its wait is open.
    void start(file_operation& wanted) noexcept;
    /// [any thread] If it is still queued, it is no longer.
    void withdraw(file_operation& unwanted) noexcept;

    /// [any thread] Hands over what is queued, and wakes whom it is done for, `most` at the most. Returns how many.
    std::size_t serve(std::size_t most) noexcept;
    /// [any thread] Whether there is something to take.
    [[nodiscard]] bool has_more() const noexcept { return ring_.has_completions(); }

private:
    static constexpr unsigned submissions = 64;
    static constexpr unsigned completions = 256;
    static constexpr std::size_t queued_at_most = 32;  // behind a fiber that does not wait
    static constexpr std::size_t wakes_at_once = 64;

    file_ring() = default;
    // [with the lock]
    void submit_queued() noexcept;
    void fill() noexcept;
    void give_back(file_operation& refused) noexcept;
    void give_up(int failure) noexcept;
    std::size_t take_done(std::span<wait_token> into) noexcept;

    lock lock_;  // for what follows
    uring ring_;
    basic_job_queue<file_operation> queued_;
    // Claimed, and refused by the kernel: done, with -EAGAIN.
    basic_job_queue<file_operation> returned_;
    std::size_t under_way_ = 0;
    // Never unset. Relaxed: who does not see it yet queues what is returned later.
    std::atomic<bool> refused_{false};
    // Of `queued_` and `returned_`: to look without the lock. Relaxed: the owner wrote it, for others it is a hint.
    std::atomic<bool> has_to_serve_{false};
};

}  // namespace mioco::detail
