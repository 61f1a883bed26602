// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>

namespace mioco::detail {

/// Jobs in the order in which they came, each linked by its own `before`, `after` and `queued`. For one thread at a time.
template <class Job>
class basic_job_queue {
public:
    void push(Job& job) noexcept {
        job.queued = true;
        job.before = last_;
        (last_ == nullptr ? first_ : last_->after) = &job;
        last_ = &job;
        ++size_;
    }

    Job* pop() noexcept {
        Job* const job = first_;
        if (job != nullptr) remove(*job);
        return job;
    }

    /// Of a job that is queued.
    void remove(Job& job) noexcept {
        (job.before == nullptr ? first_ : job.before->after) = job.after;
        (job.after == nullptr ? last_ : job.after->before) = job.before;
        job.before = job.after = nullptr;
        job.queued = false;
        --size_;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    Job* first_ = nullptr;
    Job* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace mioco::detail
