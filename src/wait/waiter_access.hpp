// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/select_waiter.hpp>

#include "fiber/wait_word.hpp"

namespace mioco::detail {

struct select_access {
    static select_waiter make(wait_token token, std::uint16_t arm) noexcept {
        return {token.raw(), arm};
    }
    static wait_token token(const select_waiter& who) noexcept { return wait_token(who.token_); }
};

}  // namespace mioco::detail
