// SPDX-License-Identifier: MPL-2.0
// The original's tests of timers, by name.
#include <chrono>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;

class timers : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(timers);

// The original's writer came after another 500 ms.
TEST_P(timers, timer_times_out) {
    bool first_done = false;
    bool second_done = false;
    run([&] {
        auto [reader, writer] = mioco::pipe();
        mioco::event timed_out;
        auto writing = mioco::spawn([&, writer = std::move(writer)]() mutable {
            timed_out.wait();
            writer.write_all(std::string_view("late"));
            second_done = true;
        });
        const mioco::timer timer(500ms);
        EXPECT_EQ(mioco::select(reader.readable(), timer.expiring()).index(), 1U);
        EXPECT_TRUE(timer.expired());
        first_done = true;
        timed_out.notify();
        writing.join();
    });
    EXPECT_TRUE(first_done);
    EXPECT_TRUE(second_done);
}

TEST_P(timers, timer_default_timeout) {
    run([] {
        const mioco::timer timer;
        EXPECT_EQ(mioco::select(timer.expiring(), mioco::otherwise).index(), 0U);
    });
}

TEST_P(timers, sleep_takes_time) {
    const auto begun = mioco_test::now();
    run([] { mioco::sleep_for(500ms); });
    EXPECT_GE(mioco_test::now() - begun, 500ms);
}

TEST_P(timers, timer_select_takes_time) {
    const auto begun = mioco_test::now();
    run([] {
        const mioco::timer timer(500ms);
        mioco::select(timer.expiring());
    });
    EXPECT_GE(mioco_test::now() - begun, 500ms);
}

TEST_P(timers, basic_timer_stress_test) {
    run([] {
        for (int round = 0; round < 10; ++round) {
            for (int i = 0; i < 100; ++i)
                mioco::spawn([i] { mioco::sleep_for(std::chrono::milliseconds(i)); });
            mioco::sleep_for(1ms);
        }
    });
}

// With bug #125 timers that were set again fired all the same, more of them in each round.
TEST_P(timers, timer_cleared_on_reregister) {
    run([] {
        mioco::timer first;
        mioco::timer second;
        for (int round = 0; round < 10; ++round) {
            first.set(20ms);
            second.set(60ms);
            mioco::select(first.expiring(), second.expiring());
            // By then both of the old deadlines have passed.
            const auto begun = mioco_test::now();
            first.set(100ms);
            second.set(1h);
            EXPECT_EQ(mioco::select(first.expiring(), second.expiring()).index(), 0U);
            EXPECT_GE(mioco_test::now() - begun, 100ms);
        }
    });
}

}  // namespace
