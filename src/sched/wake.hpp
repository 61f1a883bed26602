// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "fiber/wait_word.hpp"

namespace mioco::detail {

/// Ends somebody's wait, in the two steps of the wait word: the winner of `claim` may use the waiter's frame until it calls
/// `complete`, which makes the fiber ready (or unblocks the thread) and must follow.
struct waker {
    wait_arm arm = wait_arm::event;

    [[nodiscard]] bool claim(wait_token token) const noexcept;
    void complete(wait_token token) const noexcept;

    /// Both, where nothing is handed over.
    void wake(wait_token token) const noexcept {
        if (token && claim(token)) complete(token);
    }
};

}  // namespace mioco::detail
