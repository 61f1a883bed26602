// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "debug/log.hpp"
#include "sched/wake.hpp"
#include "sched/worker.hpp"
#include "sched/worker_queue.hpp"

// Waking inline, for pollers: by far most wakes are of a fiber of the own runtime, by an event.

namespace mioco::detail {

inline bool waker::is_local(const fiber& f) const noexcept {
    return here_ != nullptr && &here_->home() == f.home.load(std::memory_order_relaxed);
}

/// For a worker that posts what its poller brought, on its own stack.
class event_waker {
public:
    // With the log on, `waker` does all, as it writes it.
    explicit event_waker(worker& here) noexcept
        : here_(here), home_(log_enabled ? static_cast<const void*>(this) : &here.home()) {}

    void wake(wait_token token) const noexcept {
        fiber& f = all_fibers[token.index()];
        if (f.home.load(std::memory_order_relaxed) != home_ ||
            !f.word.claim_if_parked(token, wait_arm::event)) [[unlikely]]
            return waker().wake(token);
        f.ctx.prefetch();
        here_.make_ready_from_loop(f);
    }

private:
    worker& here_;
    const void* home_;  // no runtime's address: none is local
};

}  // namespace mioco::detail
