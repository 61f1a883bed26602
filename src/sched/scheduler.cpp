// SPDX-License-Identifier: MPL-2.0
#include <mioco/scheduler.hpp>

namespace mioco {

scheduler::~scheduler() = default;

void scheduler::tick() {}

std::optional<std::chrono::nanoseconds> scheduler::timeout() { return std::nullopt; }

}  // namespace mioco
