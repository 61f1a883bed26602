// SPDX-License-Identifier: MPL-2.0
#include "fiber/wait_slot.hpp"

#include <gtest/gtest.h>

namespace {

using mioco::detail::wait_slot;
using mioco::detail::wait_token;
using arming = wait_slot::arming;

constexpr std::uint32_t me = 7;
constexpr wait_token mine(me, 1);
constexpr wait_token others(8, 1);

TEST(wait_slot, keeps_an_event_that_nobody_waits_for) {
    wait_slot slot;
    EXPECT_FALSE(slot.post());
    EXPECT_TRUE(slot.is_ready());
    EXPECT_EQ(slot.arm(mine), arming::was_ready);
    slot.consume(me);
    EXPECT_FALSE(slot.is_ready());
    EXPECT_EQ(slot.arm(mine), arming::armed);
}

TEST(wait_slot, gives_an_event_to_the_waiter_and_keeps_it) {
    wait_slot slot;
    ASSERT_EQ(slot.arm(mine), arming::armed);
    EXPECT_TRUE(slot.is_occupied());
    EXPECT_EQ(slot.post().raw(), mine.raw());
    EXPECT_TRUE(slot.is_ready());
    EXPECT_FALSE(slot.is_occupied());
}

TEST(wait_slot, has_room_for_one) {
    wait_slot slot;
    ASSERT_EQ(slot.arm(mine), arming::armed);
    EXPECT_EQ(slot.arm(others), arming::occupied);
    slot.disarm(others);
    EXPECT_TRUE(slot.is_occupied());
    slot.disarm(mine);
    EXPECT_FALSE(slot.is_occupied());
    EXPECT_EQ(slot.arm_any(others), arming::armed);
}

TEST(wait_slot, disarmed_after_an_event_keeps_the_event) {
    wait_slot slot;
    ASSERT_EQ(slot.arm(mine), arming::armed);
    static_cast<void>(slot.post());
    slot.disarm(mine);
    EXPECT_TRUE(slot.is_ready());
}

TEST(wait_slot, is_armed_only_if_nobody_else_consumed_since) {
    wait_slot slot;
    static_cast<void>(slot.post());
    slot.consume(me);
    ASSERT_EQ(slot.arm(mine), arming::armed);
    static_cast<void>(slot.post());
    EXPECT_EQ(slot.arm(mine), arming::was_ready);
    slot.consume(others.index());
    EXPECT_EQ(slot.arm(mine), arming::changed);
    EXPECT_EQ(slot.arm(others), arming::armed);
    EXPECT_EQ(slot.arm(mine), arming::occupied);
}

TEST(wait_slot, closed_is_for_ever) {
    wait_slot slot;
    ASSERT_EQ(slot.arm(mine), arming::armed);
    EXPECT_EQ(slot.close().raw(), mine.raw());
    EXPECT_TRUE(slot.is_closed());
    EXPECT_FALSE(slot.try_post());
    EXPECT_FALSE(slot.post());
    EXPECT_TRUE(slot.is_closed());
    EXPECT_EQ(slot.arm(mine), arming::was_closed);
    slot.consume(me);
    EXPECT_TRUE(slot.is_closed());
    EXPECT_FALSE(slot.close());
}

TEST(wait_slot, closed_tells_whether_an_event_was_there) {
    wait_slot empty;
    EXPECT_FALSE(empty.close_and_consume());
    wait_slot ready;
    static_cast<void>(ready.post());
    EXPECT_TRUE(ready.close_and_consume());
    ready.reset();
    EXPECT_EQ(ready.arm(mine), arming::armed);
}

}  // namespace
