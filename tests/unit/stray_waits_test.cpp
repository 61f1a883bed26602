// SPDX-License-Identifier: MPL-2.0
#include "io/stray_waits.hpp"

#include <cstdint>

#include <gtest/gtest.h>

namespace {

using mioco::detail::stray_waits;

constexpr int give_up = 100'000;

// How many strays it takes, with so many other waits between one and the next.
int strays_until_moved(std::uint64_t others) {
    stray_waits strays;
    for (int count = 1; count < give_up; ++count)
        if (strays.add(others)) return count;
    return give_up;
}

TEST(stray_waits, are_enough_when_a_fiber_waits_elsewhere_again_and_again) {
    EXPECT_EQ(strays_until_moved(0), stray_waits::most);
}

TEST(stray_waits, are_enough_when_the_fiber_does_other_things_in_each_turn) {
    for (std::uint64_t others = 1; others < stray_waits::waits_that_forget_one; ++others)
        EXPECT_EQ(strays_until_moved(others), stray_waits::most) << others;
}

TEST(stray_waits, are_never_enough_when_the_fiber_is_at_home_nearly_always) {
    EXPECT_EQ(strays_until_moved(stray_waits::waits_that_forget_one), give_up);
    EXPECT_EQ(strays_until_moved(1000), give_up);
}

TEST(stray_waits, are_forgotten_by_a_reset) {
    stray_waits strays;
    for (int i = 1; i < stray_waits::most; ++i) EXPECT_FALSE(strays.add(0));
    strays.reset();
    EXPECT_FALSE(strays.add(0));
}

}  // namespace
