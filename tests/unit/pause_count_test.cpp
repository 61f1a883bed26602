// SPDX-License-Identifier: MPL-2.0
#include "sched/pause_count.hpp"

#include <gtest/gtest.h>

namespace {

using mioco::detail::nanoseconds_t;
using mioco::detail::pause_count;

TEST(pause_count, counts_sleeps) {
    pause_count pauses;
    for (nanoseconds_t now = 1000; pauses.value() < 3; now += 1'000'000) {
        const auto before = pauses.value();
        pauses.begin(now);
        pauses.end(now + pause_count::shortest_ns);
        EXPECT_EQ(pauses.value(), before + 1);
    }
}

TEST(pause_count, does_not_count_a_sleep_that_ends_at_once) {
    pause_count pauses;
    pauses.begin(1'000'000);
    pauses.end(1'000'000 + pause_count::shortest_ns - 1);
    EXPECT_EQ(pauses.value(), 0U);
}

}  // namespace
