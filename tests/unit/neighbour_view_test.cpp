// SPDX-License-Identifier: MPL-2.0
#include "sched/neighbour_view.hpp"

#include <cstdint>

#include <gtest/gtest.h>

namespace {

using mioco::detail::nanoseconds_t;
using mioco::detail::neighbour_view;

// Looks every 100 us at a worker that polls in between, unless the test says otherwise.
class neighbour : public testing::Test {
protected:
    static constexpr nanoseconds_t interval_ns = 100'000;

    neighbour() { look(); }

    neighbour_view::findings look() {
        now_ += interval_ns;
        ++seen_.polls;
        seen_.queue_end += 10;
        return view_.look(seen_, now_);
    }
    void look_until_busy_for_long() {
        while (!look().may_be_stolen_from) {
        }
    }

    neighbour_view view_;
    neighbour_view::signs seen_{0, 0, 1, false};
    nanoseconds_t now_ = 1'000'000'000;
};

TEST_F(neighbour, in_a_short_burst_keeps_its_fibers) {
    for (nanoseconds_t busy = interval_ns; busy < neighbour_view::burst_ns; busy += interval_ns)
        EXPECT_FALSE(look().may_be_stolen_from);
}

TEST_F(neighbour, that_pauses_in_between_keeps_its_fibers_for_ever) {
    for (int i = 0; i < 1000; ++i) {
        ++seen_.pauses;
        EXPECT_FALSE(look().may_be_stolen_from);
        EXPECT_EQ(view_.may_steal_up_to(seen_.pauses, now_ + interval_ns), 0U);
    }
}

TEST_F(neighbour, that_is_busy_for_long_gives_what_was_queued_at_the_last_look) {
    look_until_busy_for_long();
    const std::uint64_t end = seen_.queue_end;
    EXPECT_EQ(view_.may_steal_up_to(seen_.pauses, now_), end);
    const auto found = look();
    EXPECT_TRUE(found.may_be_stolen_from);
    EXPECT_FALSE(found.is_held_up);
    EXPECT_EQ(found.queue_end_before, end);
}

TEST_F(neighbour,
       that_was_busy_for_long_and_then_paused_is_left_alone_by_a_thief_that_has_not_looked_since) {
    look_until_busy_for_long();
    EXPECT_EQ(view_.may_steal_up_to(seen_.pauses + 1, now_), 0U);
}

TEST_F(neighbour, that_has_not_polled_is_held_up_and_gives_its_fibers_at_once) {
    const std::uint64_t end = seen_.queue_end;
    --seen_.polls;
    const auto found = look();
    EXPECT_TRUE(found.is_held_up);
    EXPECT_TRUE(found.may_be_stolen_from);
    EXPECT_EQ(found.queue_end_before, end);
}

TEST_F(neighbour, that_sleeps_is_not_held_up) {
    seen_.asleep = true;
    --seen_.polls;
    const auto found = look();
    EXPECT_TRUE(found.is_asleep);
    EXPECT_FALSE(found.is_held_up);
}

}  // namespace
