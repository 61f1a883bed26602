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
    if (worker* const here = current_worker()) return here->home().io();
    driver* const world = current_thread().world;
    return world == nullptr ? system_driver() : *world;
}

}  // namespace mioco::detail
