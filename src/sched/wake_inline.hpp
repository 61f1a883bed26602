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

inline void waker::wake(wait_token token) const noexcept {
    fiber& f = all_fibers[token.index()];
    // Asked before the claim, it may be about another fiber; then the claim fails, since the epoch is another's too.
    if (!is_local(f)) [[unlikely]]
        return wake_elsewhere(token);
    if (f.word.claim_and_complete(token.epoch(), arm_) == wait_word::ending::won_parked) {
        MIOCO_LOG("wakes C%llu", static_cast<unsigned long long>(f.number()));
        here_->make_ready(f);
    }
}

}  // namespace mioco::detail
