// SPDX-License-Identifier: MPL-2.0
#include "schedule.hpp"

#include <gtest/gtest.h>

namespace {

using mioco::load::schedule;
using namespace std::chrono_literals;

const schedule::clock::time_point start{1234567ns};

TEST(schedule, connections_take_turns) {
    const schedule first(start, 1000, 2, 0);
    const schedule second(start, 1000, 2, 1);
    EXPECT_EQ(first.due(0), start);
    EXPECT_EQ(second.due(0), start + 1ms);
    EXPECT_EQ(first.due(1), start + 2ms);
    EXPECT_EQ(second.due(1), start + 3ms);
}

TEST(schedule, all_connections_together_keep_the_rate) {
    for (const std::uint64_t rate : {1U, 3U, 777U, 100'000U}) {
        std::uint64_t all = 0;
        for (std::size_t i = 0; i < 50; ++i) {
            all += schedule(start, rate, 50, i).count_due_before(start + 7s);
        }
        EXPECT_EQ(all, 7 * rate);
    }
}

TEST(schedule, a_message_counts_from_the_very_time_it_is_due) {
    for (const std::uint64_t rate : {7ULL, 999'999ULL, 33'333'333ULL}) {
        const schedule plan(start, rate, 3, 2);
        for (const std::uint64_t number : {0ULL, 1ULL, 12'345ULL, 1'000'000'000ULL}) {
            EXPECT_EQ(plan.count_due(plan.due(number)), number + 1) << rate << ' ' << number;
            EXPECT_EQ(plan.count_due_before(plan.due(number)), number) << rate << ' ' << number;
        }
    }
}

TEST(schedule, nothing_is_due_before_the_start) {
    const schedule plan(start, 10, 1, 0);
    EXPECT_EQ(plan.count_due(start - 1ns), 0U);
    EXPECT_EQ(plan.count_due(start), 1U);
    EXPECT_EQ(plan.count_due_before(start), 0U);
}

TEST(schedule, lasts_a_day_at_the_highest_rate) {
    const schedule plan(start, schedule::max_rate, 1, 0);
    const std::uint64_t number = plan.count_due(start + 24h) - 1;
    EXPECT_EQ(number, schedule::max_rate * 86'400);
    EXPECT_EQ(plan.due(number), start + 24h);
}

}  // namespace
