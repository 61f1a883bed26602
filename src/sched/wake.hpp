// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "fiber/fiber_table.hpp"
#include "fiber/wait_word.hpp"

namespace mioco::detail {

/// Ends somebody's wait, in the two steps of the wait word: the winner of `claim` may use the waiter's frame until it calls
/// `complete`, which makes the fiber ready (or unblocks the thread) and must follow.
struct waker {
    wait_arm arm = wait_arm::event;

    [[nodiscard]] bool claim(wait_token token) const noexcept {
        return all_fibers[token.index()].word.claim(token.epoch(), arm);
    }
    void complete(wait_token token) const noexcept { complete_wait(all_fibers[token.index()]); }

    /// Both, where nothing is handed over.
    void wake(wait_token token) const noexcept {
        if (token && claim(token)) complete(token);
    }

private:
    static void complete_wait(fiber& f) noexcept;
};

}  // namespace mioco::detail
