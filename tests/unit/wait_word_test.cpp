// SPDX-License-Identifier: MPL-2.0
#include "fiber/wait_word.hpp"

#include <gtest/gtest.h>

namespace {

using mioco::detail::wait_arm;
using mioco::detail::wait_token;
using mioco::detail::wait_word;

TEST(wait_token, holds_a_number_and_an_epoch) {
    const wait_token token(0xabcdef, 0x12'3456'789a);
    EXPECT_EQ(token.index(), 0xabcdefU);
    EXPECT_EQ(token.epoch(), 0x12'3456'789aU);
    EXPECT_EQ(wait_token(token.raw()).epoch(), token.epoch());
    EXPECT_TRUE(static_cast<bool>(token));
    EXPECT_FALSE(static_cast<bool>(wait_token()));
}

TEST(wait_word, at_rest_cannot_be_claimed) {
    wait_word word;
    EXPECT_TRUE(word.is_done());
    EXPECT_FALSE(word.claim(0, wait_arm::event));
    EXPECT_FALSE(word.cancellable_epoch());
    EXPECT_FALSE(word.open_epoch());
}

TEST(wait_word, has_one_winner) {
    wait_word word;
    const auto epoch = word.begin(false);
    EXPECT_FALSE(word.is_done());
    EXPECT_TRUE(word.claim(epoch, wait_arm::timer));
    EXPECT_FALSE(word.claim(epoch, wait_arm::event));
    EXPECT_FALSE(word.cancellable_epoch());
    EXPECT_FALSE(word.is_done());
    EXPECT_FALSE(word.complete());
    EXPECT_TRUE(word.is_done());
    EXPECT_EQ(word.winner(), wait_arm::timer);
}

TEST(wait_word, readies_the_fiber_at_the_later_of_park_and_complete) {
    wait_word word;
    auto epoch = word.begin(false);
    EXPECT_FALSE(word.park().is_over);
    EXPECT_EQ(word.open_epoch(), epoch);
    ASSERT_TRUE(word.claim(epoch, wait_arm::event));
    EXPECT_FALSE(word.open_epoch());
    EXPECT_TRUE(word.complete());

    epoch = word.begin(false);
    ASSERT_TRUE(word.claim(epoch, wait_arm::event));
    EXPECT_FALSE(word.complete());
    const auto late = word.park();
    EXPECT_TRUE(late.is_over);
    EXPECT_EQ(late.epoch, epoch);
}

TEST(wait_word, is_ended_in_one_step_where_nothing_is_handed_over) {
    using ending = wait_word::ending;
    wait_word word;
    auto epoch = word.begin(false);
    EXPECT_EQ(word.claim_and_complete(epoch, wait_arm::event), ending::won);
    EXPECT_EQ(word.claim_and_complete(epoch, wait_arm::event), ending::lost);
    EXPECT_EQ(word.winner(), wait_arm::event);
    epoch = word.begin(false);
    static_cast<void>(word.park());
    EXPECT_EQ(word.claim_and_complete(epoch - 1, wait_arm::event), ending::lost);
    EXPECT_EQ(word.claim_and_complete(epoch, wait_arm::timer), ending::won_parked);
    EXPECT_EQ(word.winner(), wait_arm::timer);
}

TEST(wait_word, refuses_tokens_of_earlier_waits) {
    wait_word word;
    const auto old_epoch = word.begin(false);
    ASSERT_TRUE(word.claim(old_epoch, wait_arm::self));
    static_cast<void>(word.complete());
    const auto epoch = word.begin(false);
    EXPECT_NE(epoch, old_epoch);
    EXPECT_FALSE(word.claim(old_epoch, wait_arm::event));
    EXPECT_FALSE(word.claim_for_cancel(old_epoch));
    EXPECT_TRUE(word.claim(epoch, wait_arm::event));
    static_cast<void>(word.complete());
}

TEST(wait_word, masked_is_ended_by_all_but_a_cancel) {
    wait_word word;
    const auto epoch = word.begin(true);
    EXPECT_FALSE(word.cancellable_epoch());
    EXPECT_FALSE(word.claim_for_cancel(epoch));
    EXPECT_TRUE(word.claim(epoch, wait_arm::event));
    static_cast<void>(word.complete());
    const auto open = word.begin(false);
    EXPECT_EQ(word.cancellable_epoch(), open);
    EXPECT_TRUE(word.claim_for_cancel(open));
    static_cast<void>(word.complete());
    EXPECT_EQ(word.winner(), wait_arm::cancel);
}

TEST(wait_word_misuse, is_an_internal_error_with_a_message) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    wait_word word;
    EXPECT_DEATH(static_cast<void>(word.complete()),
                 "mioco: internal error: a wait is completed once");
}

#if !defined(NDEBUG)
TEST(wait_word_misuse, of_every_message_is_seen_in_a_debug_build) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    wait_word word;
    word.begin(false);
    EXPECT_DEATH(word.begin(false),
                 "mioco: internal error: a fiber begins a wait while one is open");
    EXPECT_DEATH(static_cast<void>(word.winner()), "mioco: internal error: the winner is known");
}
#endif

}  // namespace
