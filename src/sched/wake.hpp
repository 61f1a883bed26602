// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "fiber/fiber_table.hpp"
#include "fiber/wait_word.hpp"
#include "sched/current.hpp"

namespace mioco::detail {

/// Ends somebody's wait, in the two steps of the wait word: the winner of `claim` may use the waiter's frame until it calls
/// `complete`, which makes the fiber ready (or unblocks the thread) and must follow. For use before the next switch.
class waker {
public:
    explicit waker(wait_arm arm = wait_arm::event) noexcept : arm_(arm), here_(current_worker()) {}

    [[nodiscard]] bool claim(wait_token token) const noexcept {
        return all_fibers[token.index()].word.claim(token.epoch(), arm_);
    }
    void complete(wait_token token) const noexcept;

    /// Both at once, where nothing is handed over; nothing if somebody else has ended the wait.
    void wake(wait_token token) const noexcept { static_cast<void>(try_wake(token)); }
    /// The same; false if somebody else has.
    [[nodiscard]] bool try_wake(wait_token token) const noexcept;

private:
    [[nodiscard]] bool wake_elsewhere(wait_token token) const noexcept;
    [[nodiscard]] inline bool is_local(const fiber& f) const noexcept;

    wait_arm arm_;
    worker* here_;  // the calling thread's, or null
};

}  // namespace mioco::detail
