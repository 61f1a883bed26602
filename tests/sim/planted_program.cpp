// SPDX-License-Identifier: MPL-2.0
#include <chrono>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

// Tests that are wrong, for simulated_test.py to find that simulations show it.

namespace {

TEST(planted, is_right) {
    mioco::run([] { mioco::sleep_for(std::chrono::hours(1)); });
}

TEST(planted, depends_on_the_order) {
    int last = 0;
    mioco::run(mioco::config{}.workers(1), [&] {
        auto first = mioco::spawn([&] { last = 1; });
        auto second = mioco::spawn([&] { last = 2; });
        first.join();
        second.join();
    });
    EXPECT_EQ(last, 2);
}

TEST(planted, waits_for_ever) {
    mioco::run([] {
        auto [in, out] = mioco::channel<int>(1);
        static_cast<void>(out.recv());
    });
}

TEST(planted, goes_another_way_the_next_time) {
    static int runs = 0;
    mioco::run([] { mioco::sleep_for(std::chrono::milliseconds(++runs)); });
}

TEST(planted, leaves_out_what_is_skipped) { GTEST_SKIP() << "for a reason"; }

}  // namespace
