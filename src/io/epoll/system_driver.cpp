// SPDX-License-Identifier: MPL-2.0
#include "base/never_destroyed.hpp"
#include "io/epoll/epoll_driver.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/current.hpp"
#include "sched/worker.hpp"

namespace mioco::detail {

driver& system_driver() noexcept {
    static never_destroyed<epoll_driver> shared;
    return shared.value;
}

driver& current_driver() noexcept {
    worker* const here = current_worker();
    return here == nullptr ? system_driver() : here->home().io();
}

}  // namespace mioco::detail
