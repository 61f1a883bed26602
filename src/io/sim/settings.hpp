// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/sim.hpp>

namespace mioco::detail::sim {

using mioco::sim::fault_rates;
using mioco::sim::latency_range;
using settings = mioco::sim::config;

/// Throws std::invalid_argument, which names the setting and what is allowed.
void check(const settings& wanted);

}  // namespace mioco::detail::sim
