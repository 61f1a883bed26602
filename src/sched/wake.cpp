// SPDX-License-Identifier: MPL-2.0
#include "sched/wake.hpp"

#include "fiber/blocked_thread.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/wake_inline.hpp"

namespace mioco::detail {

void waker::complete(wait_token token) const noexcept {
    fiber& f = all_fibers[token.index()];
    // The wait is not complete yet, so the fiber and its runtime still exist.
    if (f.is_thread) return unblock_thread(f);
    if (is_local(f)) {
        if (f.word.complete()) here_->make_ready(f);
        return;
    }
    runtime_core& home = *f.home.load(std::memory_order_relaxed);
    home.refuse_outsiders("woke a fiber");
    const guest until_queued(home.guests());
    if (f.word.complete()) home.inject(f);
}

bool waker::try_wake(wait_token token) const noexcept {
    fiber& f = all_fibers[token.index()];
    // Asked before the claim, it may be about another fiber; then the claim fails, since the epoch is another's too.
    if (!is_local(f)) [[unlikely]]
        return wake_elsewhere(token);
    const auto ending = f.word.claim_and_complete(token.epoch(), arm_);
    if (ending == wait_word::ending::won_parked) {
        MIOCO_LOG("wakes C%llu", static_cast<unsigned long long>(f.number()));
        here_->make_ready(f);
    }
    return ending != wait_word::ending::lost;
}

bool waker::wake_elsewhere(wait_token token) const noexcept {
    const bool won = claim(token);
    if (won) complete(token);
    return won;
}

}  // namespace mioco::detail
