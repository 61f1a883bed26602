// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

// Tests that are wrong, for simulated_test.py to find that simulations show it.

namespace {

TEST(planted, is_right) {
    mioco::run([] { mioco::sleep_for(std::chrono::hours(1)); });
}

TEST(planted, depends_on_the_order) {
    mioco::run(mioco::config{}.workers(1), [] {
        auto [out, in] = mioco::pipe();
        const auto write = [&in = in](std::string_view text) { in.write_all(text); };
        auto first = mioco::spawn(write, "a");
        auto second = mioco::spawn(write, "b");
        first.join();
        second.join();
        char both[2];
        out.read_exactly(both);
        EXPECT_EQ(std::string_view(both, 2), "ab");
    });
}

TEST(planted, waits_for_ever) {
    mioco::run([] {
        auto [in, out] = mioco::channel<int>(1);
        static_cast<void>(out.recv());
    });
}

TEST(planted, goes_another_way_the_next_time) {
    static int runs = 0;
    mioco::run([] {
        auto [out, in] = mioco::pipe();
        in.write_all(std::to_string(++runs));
    });
}

TEST(planted, leaves_out_what_is_skipped) { GTEST_SKIP() << "for a reason"; }

}  // namespace
