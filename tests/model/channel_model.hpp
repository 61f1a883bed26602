// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <array>
#include <cstdint>

#include <mioco/detail/channel_state.hpp>
#include <mioco/detail/wait_queue.hpp>

#include "model/model_fiber.hpp"

namespace mioco::model {

using channel = detail::channel_state<int, model_sync>;

/// A fiber that a channel finds by the number in its token.
struct channel_fiber : model_fiber<model_sync> {
    explicit channel_fiber(std::uint32_t number) : model_fiber(number) { all[number] = this; }

    static inline std::array<channel_fiber*, 4> all;
};

}  // namespace mioco::model

// In place of the library's definitions, and as they do; so a program has one source file.

mioco::detail::wake_up mioco::detail::wake_up::claim(const queued_arm& arm) noexcept {
    const wait_token token(arm.token);
    auto& word = model::channel_fiber::all[token.index()]->word;
    const auto as = static_cast<wait_arm>(arm.number);
    // The caller is of the waiter's runtime, or not.
    if (model::checker::current().choose(2) == 0 && word.claim_if_parked(token, as))
        return {token.raw(), arm.number, true};
    if (!word.claim(token.epoch(), as)) return {};
    return {token.raw(), arm.number, false};
}

void mioco::detail::wake_up::make_ready() const noexcept {
    model::channel_fiber& waiter = *model::channel_fiber::all[wait_token(token_).index()];
    is_complete_ == 0 ? waiter.complete() : waiter.make_ready();
}
