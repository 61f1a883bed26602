// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "base/job_queue.hpp"
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

using job_queue = basic_job_queue<offload_job>;

}  // namespace mioco::detail
