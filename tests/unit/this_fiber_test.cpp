// SPDX-License-Identifier: MPL-2.0
#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <string>

#include "support/workers.hpp"

namespace {

class this_fiber : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(this_fiber);

TEST_P(this_fiber, in_fiber_is_true_inside) {
    EXPECT_TRUE(run([] { return mioco::this_fiber::in_fiber(); }));
    EXPECT_TRUE(run([] { return mioco::spawn(mioco::this_fiber::in_fiber).join(); }));
}

TEST_P(this_fiber, in_fiber_is_false_again_after_a_run) {
    run([] {});
    EXPECT_FALSE(mioco::this_fiber::in_fiber());
}

TEST_P(this_fiber, id_and_name_stay_the_same_across_switches) {
    run([] {
        mioco::spawn({.name = "steady"}, [] {
            const auto id = mioco::this_fiber::id();
            EXPECT_NE(id, mioco::fiber_id{});
            for (int i = 0; i < 200; ++i) {
                mioco::yield();
                ASSERT_EQ(mioco::this_fiber::id(), id);
                ASSERT_EQ(mioco::this_fiber::name(), "steady");
            }
        }).join();
    });
}

TEST_P(this_fiber, name_is_empty_if_none_was_given) {
    run([] {
        const std::string long_name(1000, 'n');
        auto named = mioco::spawn({.name = long_name},
                                  [] { return std::string(mioco::this_fiber::name()); });
        auto unnamed = mioco::spawn([] { return std::string(mioco::this_fiber::name()); });
        EXPECT_EQ(unnamed.join(), "");
        EXPECT_EQ(named.join(), long_name);
    });
}

TEST_P(this_fiber, worker_count_is_that_of_its_runtime) {
    EXPECT_EQ(run(mioco::this_fiber::worker_count), GetParam());
}

TEST(this_fiber_outside, there_is_none) {
    EXPECT_FALSE(mioco::this_fiber::in_fiber());
    EXPECT_EQ(mioco::this_fiber::id(), mioco::fiber_id{});
    EXPECT_EQ(mioco::this_fiber::name(), "");
    EXPECT_EQ(mioco::this_fiber::worker_count(), 0U);
}

}  // namespace
