// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>

#include <gtest/gtest.h>

#include "fiber/blocked_thread.hpp"
#include "io/sim/simulation.hpp"
#include "support/sockets.hpp"

// A test file that includes this fails if it leaves more descriptors open than it found.

namespace mioco_test {

inline std::size_t open_descriptors() {
    using mioco::detail::sim::simulation;
    if (simulation* const here = simulation::current()) return here->outside().open_descriptors();
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class descriptor_leak_check : public testing::Environment {
public:
    void SetUp() override {
        keep_what_a_process_keeps();
        before_ = open_descriptors();
    }
    void TearDown() override { EXPECT_EQ(open_descriptors(), before_) << "descriptors leaked"; }

private:
    // One descriptor to put in the place of closed ones, and one with which this thread is woken.
    static void keep_what_a_process_keeps() {
        connected_pair().near.close();
        mioco::detail::require_blocking(mioco::detail::blocked_thread());
    }

    std::size_t before_ = 0;
};

inline testing::Environment* const leak_check =
    testing::AddGlobalTestEnvironment(new descriptor_leak_check);

}  // namespace mioco_test
