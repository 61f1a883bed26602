// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

namespace mioco::detail {

/// What a worker has done since it was made. Plain numbers that its own thread adds to, by one instruction each; onlookers read them as
/// `racing.hpp` has it. See metrics.hpp for what each means.
struct worker_counts {
    std::uint64_t io_attempts = 0;
    std::uint64_t switches = 0;  // until its last look around
    std::uint64_t parks = 0;     // the same
    std::uint64_t spawned = 0;
    std::uint64_t finished = 0;
    std::uint64_t sleeps = 0;
    std::uint64_t spins = 0;
    std::uint64_t arrived = 0;
    std::uint64_t stolen = 0;
    std::uint64_t offloaded = 0;
};

}  // namespace mioco::detail
