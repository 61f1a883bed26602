// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "io/sim/turns.hpp"

namespace mioco::detail {

class runtime_core;

namespace sim {

class virtual_threads;
class world;

/// A runtime, and the host that it is on.
using placed_runtime = std::pair<const runtime_core*, host_id>;

/// After such a line: what each of their fibers waits for, host by host, and since when in a run that began then; and each thread of a pool.
[[nodiscard]] std::string describe_waits(const char* headline, world& in, nanoseconds_t began,
                                         const std::vector<placed_runtime>& runtimes,
                                         const virtual_threads& threads);

}  // namespace sim

}  // namespace mioco::detail
