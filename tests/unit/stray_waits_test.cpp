// SPDX-License-Identifier: MPL-2.0
#include "io/stray_waits.hpp"

#include <cstdint>

#include <gtest/gtest.h>

namespace {

using mioco::detail::stray_waits;
using mioco::detail::wait_token;

constexpr std::uint32_t some_fiber = 7;
constexpr std::uint32_t other_fiber = 8;

// Adds strays until there are enough, each `distance` waits of the fiber after the one before.
int strays_until_moved(std::uint64_t distance, int give_up) {
    stray_waits strays;
    std::uint64_t epoch = 1000;
    for (int count = 1; count < give_up; ++count, epoch += distance)
        if (strays.add({some_fiber, epoch})) return count;
    return give_up;
}

TEST(stray_waits, are_enough_when_a_fiber_waits_elsewhere_again_and_again) {
    EXPECT_EQ(strays_until_moved(1, 100), static_cast<int>(stray_waits::most));
    EXPECT_EQ(strays_until_moved(2, 100), static_cast<int>(stray_waits::most));
}

TEST(stray_waits, are_never_enough_when_the_fiber_is_mostly_at_home) {
    EXPECT_EQ(strays_until_moved(4, 100'000), 100'000);
    EXPECT_EQ(strays_until_moved(100, 100'000), 100'000);
}

TEST(stray_waits, of_several_fibers_add_up) {
    stray_waits strays;
    for (std::uint32_t i = 1; i < stray_waits::most; ++i)
        EXPECT_FALSE(strays.add({i % 2 == 0 ? some_fiber : other_fiber, 1000 * i}));
    EXPECT_TRUE(strays.add({some_fiber, 1'000'000}));
}

TEST(stray_waits, are_forgotten_by_a_reset) {
    stray_waits strays;
    for (std::uint32_t i = 1; i < stray_waits::most; ++i) EXPECT_FALSE(strays.add({some_fiber, i}));
    strays.reset();
    EXPECT_FALSE(strays.add({some_fiber, stray_waits::most}));
}

}  // namespace
