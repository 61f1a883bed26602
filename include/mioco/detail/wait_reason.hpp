// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

namespace mioco::detail {

/// What a parked fiber waits for, for logs and dumps.
enum class wait_reason : std::uint8_t {
    none,
    sleep,
    join,
    readable,
    writable,
    idle_runtime,
    send,
    receive,
    select,
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
    offload_room  // for a place in the queue of the pool
};

}  // namespace mioco::detail
