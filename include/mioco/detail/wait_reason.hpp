// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

namespace mioco::detail {

/// What a parked fiber waits for, for logs, dumps and the search for deadlocks; see fiber/wait_reason.hpp.
enum class wait_reason : std::uint8_t {
    none,
    yield,  // which does not park: for messages
    sleep,
    join,            // of a fiber of the same runtime
    join_elsewhere,  // of another runtime's
    readable,
    writable,
    idle_runtime,
    send,
    receive,
    select,
    select_in_lines,  // of cases that only code of this process can end, and times
    lock,
    condition,
    semaphore,
    latch,
    barrier,
    once,
    wait_group,
    event,
    news,
    offload,
    offload_room,  // for a place in the queue of the pool
    look_up,       // of a name
    file,          // for what it was asked to do
    callback,      // of `suspend`
    child,         // the end of a child process
    signal
};

}  // namespace mioco::detail
