// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>

#include "fiber/wait_word.hpp"

namespace mioco::detail {

/// A call for a thread of the pool to make. It lies on the stack of the fiber that waits for it; or else nobody does, and it may be gone
/// when the call returns.
struct offload_job {
    /// Must not throw.
    void (*call)(void* context) noexcept;
    void* context;

    // The pool's, under its mutex.
    wait_token caller{};  // none: nobody waits
    offload_job* before = nullptr;
    offload_job* after = nullptr;
    bool queued = false;
    bool refused = false;  // there is no thread to make it
};

/// Jobs in the order in which they came. For one thread at a time.
class job_queue {
public:
    void push(offload_job& job) noexcept {
        job.queued = true;
        job.before = last_;
        (last_ == nullptr ? first_ : last_->after) = &job;
        last_ = &job;
        ++size_;
    }

    offload_job* pop() noexcept {
        offload_job* const job = first_;
        if (job != nullptr) remove(*job);
        return job;
    }

    /// Of a job that is queued.
    void remove(offload_job& job) noexcept {
        (job.before == nullptr ? first_ : job.before->after) = job.after;
        (job.after == nullptr ? last_ : job.after->before) = job.before;
        job.before = job.after = nullptr;
        job.queued = false;
        --size_;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    offload_job* first_ = nullptr;
    offload_job* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace mioco::detail
