// SPDX-License-Identifier: MPL-2.0
// Timers and intervals.
#include <chrono>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco::after;
using mioco_test::message_of;

class timer : public mioco_test::anywhere {};
class interval : public mioco_test::anywhere {};
INSTANTIATE_TEST_SUITE_P(on, timer, testing::Values(0U, 2U), mioco_test::place_name);
INSTANTIATE_TEST_SUITE_P(on, interval, testing::Values(0U, 2U), mioco_test::place_name);

TEST_P(timer, is_expired_at_birth_and_stays_so_until_it_is_moved) {
    inside([] {
        mioco::timer timer;
        EXPECT_TRUE(timer.expired());
        EXPECT_EQ(mioco::select(timer.expiring(), mioco::otherwise).index(), 0U);
        timer.wait();
        timer.wait();
        EXPECT_TRUE(timer.expired());
        EXPECT_EQ(mioco::select(timer.expiring(), after(1h)).index(), 0U);
        EXPECT_EQ(mioco::select(timer.expiring(), after(1h)).index(), 0U);
        timer.set(1h);
        EXPECT_FALSE(timer.expired());
        EXPECT_EQ(mioco::select(timer.expiring(), after(1ms)).index(), 1U);
        const auto when = mioco_test::now() + 2ms;
        timer.set(when);
        EXPECT_EQ(timer.deadline(), when);
        timer.wait();
        EXPECT_GE(mioco_test::now(), when);
        timer.clear();
        EXPECT_EQ(mioco::select(timer.expiring(), after(1ms)).index(), 1U);
    });
}

TEST_P(interval, ticks_at_multiples_of_its_period) {
    inside([] {
        mioco::interval ticks(1ms);
        const auto first = ticks.next();
        for (int i = 0; i < 5; ++i) EXPECT_EQ(ticks.tick(), first + i * 1ms);
        auto event = mioco::select(ticks.ticking(), after(1h));
        EXPECT_EQ(std::get<0>(event), first + 5ms);
    });
}

TEST_P(interval, makes_up_for_missed_ticks_or_not) {
    inside([] {
        mioco::interval burst(1ms);
        mioco::interval delay(1ms, mioco::missed_ticks::delay);
        mioco::interval skip(1ms, mioco::missed_ticks::skip);
        const auto first = skip.next();
        mioco::sleep_for(10ms);
        const auto late = mioco_test::now();
        for (int i = 0; i < 8; ++i) burst.tick();
        EXPECT_LT(burst.next(), late);
        delay.tick();
        EXPECT_GE(delay.next(), late + 1ms);
        EXPECT_EQ(skip.tick(), first);
        EXPECT_GT(skip.next(), late);
        EXPECT_EQ((skip.next() - first) % 1ms, 0ns);
    });
}

TEST(interval_once, refuses_a_period_that_is_not_positive) {
    EXPECT_THROW(mioco::interval(0ms), std::invalid_argument);
    EXPECT_THROW(mioco::interval(-1ms), std::invalid_argument);
    const auto told = [](auto period) { return message_of([=] { mioco::interval made(period); }); };
    const std::string positive = "mioco: an interval's period must be at least 1 ns, not ";
    EXPECT_EQ(told(0ns), positive + "0 ns");
    EXPECT_EQ(told(-5ns), positive + "-5 ns");
    EXPECT_EQ(told(-5ms), positive + "-5000000 ns");
    EXPECT_EQ(told(std::chrono::duration<double>(-1e-10)), positive + "-1 ns");
    EXPECT_EQ(told(std::chrono::hours::min()), positive + "-9223372036854775808 ns");
    EXPECT_EQ(mioco::interval(std::chrono::duration<double>(1e-10)).period(), 1ns);
}

}  // namespace
