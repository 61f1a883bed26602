// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <mioco/sim.hpp>

namespace mioco_test {

/// Seeds differ in more than what is drawn from them: in the number of workers where nobody asks for one, in what goes wrong, and in
/// whether each fiber goes on in another thread. Only what correct code does not notice goes wrong, and what is sent on one host has
/// arrived at once, as tests may rely on. `calm`: reads and writes are not short, and what there is is found at once.
mioco::sim::config world_of(std::uint64_t seed, bool calm);

inline bool migrates_with(std::uint64_t seed) { return seed % 5 == 4; }

}  // namespace mioco_test
