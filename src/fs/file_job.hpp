// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>

#include "io/driver.hpp"
#include "offload/blocking_call.hpp"

namespace mioco::detail {

/// `call(driver)` as a job, again when a signal interrupts it; of the calling fiber's driver, which a thread of the pool does not know.
template <class Call>
ssize_t file_job(Call call, offloading how = offloading::may_be_cancelled) {
    return blocking_call(how, [&, &io = current_driver()]() noexcept {
        ssize_t result = -EINTR;
        while (result == -EINTR) result = call(io);
        return result;
    });
}

}  // namespace mioco::detail
