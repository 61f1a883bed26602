// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string_view>

namespace mioco_test {

/// Runs the tests that --gtest_filter chooses in a simulation for each seed of some, until one fails, and tells which one and how to run
/// it again. `calm`: nothing is short, see world_of. `name` is how ctest calls them: simulated/NAME/suite.case. From the environment: MIOCO_SEED, that seed alone; MIOCO_SEEDS,
/// how many (else some, as the time allows). Returns the exit status of the process.
int run_simulated(std::string_view name, bool calm);

}  // namespace mioco_test
