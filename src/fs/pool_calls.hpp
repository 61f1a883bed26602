// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>

#include "io/driver.hpp"
#include "offload/blocking_call.hpp"

namespace mioco::detail {

/// `call(driver)`, of the calling fiber's, which a thread of the pool does not know; again when a signal has interrupted it.
template <class Call>
ssize_t repeated_on_pool(Call call, offloading how = offloading::may_be_cancelled) {
    return blocking_call(how, [&, &io = current_driver()]() noexcept {
        ssize_t result = -EINTR;
        while (result == -EINTR) result = call(io);
        return result;
    });
}

}  // namespace mioco::detail
