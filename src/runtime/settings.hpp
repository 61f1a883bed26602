// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <string>

#include <mioco/config.hpp>

#include "io/driver.hpp"
#include "stack/stack.hpp"

namespace mioco::detail {

/// A config after the environment had its say and everything was checked.
struct settings {
    unsigned workers;
    stack_kind stacks;
    on_uncaught uncaught;
    migration moves;
    bool places_fibers;  // each ready fiber has a place, and is not for just any queue
    on_deadlock deadlocks;
    nanoseconds_t watchdog_ns;  // 0: none
    int dump_signal;            // 0: none
    std::string name;
    unsigned offload_threads;
    std::size_t offload_queue;
    bool measures_stacks;
    nanoseconds_t spin_ns;        // 0: none
    shared_data data;             // of fibers without a parent
    scheduler_factory scheduler;  // none: work stealing
};

/// Throws std::invalid_argument that names the value, where it came from, and what is allowed. What must go the same way again has its
/// numbers from the config and the driver alone, whatever the machine and the environment have.
settings resolve_settings(const config& asked, const driver& io = system_driver());

/// The kind of stack for a spawn's own size; throws as above.
stack_kind checked_stack(std::size_t bytes, bool guarded, const std::string& where);

}  // namespace mioco::detail
