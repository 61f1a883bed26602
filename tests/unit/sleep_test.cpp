// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <ratio>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using mioco_test::flag;

class sleep : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(sleep);

TEST_P(sleep, takes_time) {
    run([] {
        const auto before = mioco_test::now();
        mioco::sleep_for(500ms);
        EXPECT_GE(mioco_test::now() - before, 500ms);
    });
}

TEST_P(sleep, never_wakes_early) {
    run([] {
        std::vector<mioco::join_handle<void>> sleepers;
        for (int i = 0; i < 200; ++i) {
            sleepers.push_back(mioco::spawn([i] {
                const auto deadline = mioco_test::now() + std::chrono::microseconds(i * 37);
                mioco::sleep_until(deadline);
                EXPECT_GE(mioco_test::now(), deadline);
            }));
        }
        for (auto& each : sleepers) each.join();
    });
}

TEST_P(sleep, of_many_at_once_ends_for_all) {
    std::atomic<int> ended = 0;
    run([&] {
        for (int round = 0; round < 10; ++round) {
            for (int i = 0; i < 100; ++i) {
                mioco::spawn([&, i] {
                    mioco::sleep_for(std::chrono::milliseconds(i));
                    ++ended;
                });
            }
            mioco::sleep_for(1ms);
        }
    });
    EXPECT_EQ(ended, 1000);
}

TEST_P(sleep, in_the_past_returns) {
    run([] {
        mioco::sleep_for(0s);
        mioco::sleep_for(-1h);
        mioco::sleep_for(std::chrono::hours::min());
        mioco::sleep_until(clock_type::time_point::min());
        mioco::sleep_until(mioco_test::now() - 1h);
    });
}

TEST_P(sleep, takes_any_duration) {
    run([] {
        const auto before = mioco_test::now();
        mioco::sleep_for(1ns);
        mioco::sleep_for(std::chrono::duration<double>(0.002));
        mioco::sleep_for(std::chrono::duration<float, std::milli>(1.5F));
        EXPECT_GE(mioco_test::now() - before, 3500us);
    });
}

// "For ever" must not overflow into the past: each would return at once, and run would end.
TEST_P(sleep, for_ever_is_until_the_stop) {
    mioco::runtime rt(settings());
    std::atomic<int> asleep = 0;
    std::atomic<int> woke = 0;
    const auto sleeper = [&](auto how) {
        return [&, how] {
            ++asleep;
            how();
            ++woke;
        };
    };
    rt.spawn(sleeper([] { mioco::sleep_for(std::chrono::hours::max()); }));
    rt.spawn(sleeper([] { mioco::sleep_for(std::chrono::nanoseconds::max()); }));
    rt.spawn(sleeper([] { mioco::sleep_for(std::chrono::duration<double>(1e30)); }));
    rt.spawn(sleeper([] { mioco::sleep_until(clock_type::time_point::max()); }));
    rt.spawn([&] {
        while (asleep != 4) mioco::yield();
        mioco::sleep_for(2ms);
        rt.stop();
    });
    rt.wait();
    EXPECT_EQ(woke, 0);
}

TEST_P(sleep, next_to_fibers_that_never_stop_yielding_still_ends) {
    flag woken;
    run([&] {
        for (int i = 0; i < 4; ++i) mioco::spawn([&] { woken.await(); });
        mioco::sleep_for(3ms);
        woken.raise();
    });
}

// A fiber whose deadlines come now near, now far leaves stale entries in the heap.
TEST_P(sleep, short_ones_after_abandoned_long_ones_end) {
    run([] {
        for (int round = 0; round < 50; ++round) {
            mioco::runtime inner(mioco::config{}.workers(1));
            auto far = inner.spawn([] { mioco::sleep_for(1h); });
            inner.stop();
            EXPECT_THROW(far.join(), std::system_error);
            mioco::sleep_for(50us);
        }
    });
}

// The order in which they woke up; none if the first deadline was over before all of them slept.
std::vector<int> order_of_deadlines(std::chrono::milliseconds unit) {
    std::vector<int> order;
    bool in_time = true;
    const auto start = mioco_test::now();
    std::vector<mioco::join_handle<void>> sleepers;
    for (const int units : {6, 2, 4, 8, 1}) {
        sleepers.push_back(mioco::spawn([&, units] {
            in_time = in_time && mioco_test::now() < start + unit;
            mioco::sleep_until(start + units * unit);
            order.push_back(units);
        }));
    }
    for (auto& each : sleepers) each.join();
    return in_time ? order : std::vector<int>();
}

TEST(sleep_on_one_worker, wakes_by_deadline) {
    mioco::run(mioco::config{}.workers(1), [] {
        std::vector<int> order;
        for (auto unit = 5ms; order.empty(); unit *= 2) order = order_of_deadlines(unit);
        EXPECT_EQ(order, (std::vector{1, 2, 4, 6, 8}));
    });
}

TEST(sleep_outside, blocks_the_thread) {
    const auto before = mioco_test::now();
    mioco::sleep_for(20ms);
    EXPECT_GE(mioco_test::now() - before, 20ms);
    const auto deadline = mioco_test::now() + 5ms;
    mioco::sleep_until(deadline);
    EXPECT_GE(mioco_test::now(), deadline);
    mioco::sleep_for(-1s);
}

TEST(sleep_outside, now_is_the_time_of_the_steady_clock) {
    const auto before = clock_type::now();
    const auto time = mioco::now();
    EXPECT_LE(before, time);
    EXPECT_LE(time, clock_type::now());
}

TEST(sleep_on_one_worker, takes_any_time_point) {
    mioco::run(mioco::config{}.workers(1), [] {
        using hours = std::chrono::time_point<clock_type, std::chrono::hours>;
        mioco::sleep_until(clock_type::time_point::min());
        mioco::sleep_until(hours::min());
        EXPECT_EQ(mioco::select(mioco::at(hours::min()), mioco::at(hours::max())).index(), 0U);
        EXPECT_EQ(mioco::select(mioco::at(hours::max()), mioco::after(1ms)).index(), 1U);
        EXPECT_GT(mioco::interval(std::chrono::hours::max()).period(), 24h);
    });
}

TEST(sleep_on_one_worker, a_case_after_the_longest_time_never_comes) {
    const auto check = [] {
        using mioco::after;
        using hours = std::chrono::hours;
        using days = std::chrono::duration<double, std::ratio<86'400>>;
        EXPECT_EQ(mioco::select(after(hours::max()), after(1ms)).index(), 1U);
        EXPECT_EQ(mioco::select(after(clock_type::duration::max()), after(1ms)).index(), 1U);
        EXPECT_EQ(mioco::select(after(days::max()), after(1ms)).index(), 1U);
        EXPECT_EQ(mioco::select(after(hours::max()), mioco::otherwise).index(), 1U);
        EXPECT_EQ(mioco::select(after(hours::max()), after(hours::min())).index(), 1U);
        auto [in, out] = mioco::channel<int>(0);
        mioco_test::beside sending([in = in] { in.send(1); });
        EXPECT_EQ(mioco::select(after(hours::max()), out.receiving()).index(), 1U);
        sending.join();
    };
    mioco::run(mioco::config{}.workers(1), check);
    check();
}

TEST(sleep_on_one_worker, lets_others_run_though_no_time_is_left) {
    mioco::run(mioco::config{}.workers(1), [] {
        bool done = false;
        auto late = mioco::spawn([&] {
            mioco::interval ticks(1ns);
            while (!done) ticks.tick();
        });
        auto hurried = mioco::spawn([&] {
            while (!done) mioco::sleep_for(0s);
        });
        mioco::yield();
        done = true;
        late.join();
        hurried.join();
    });
}

}  // namespace
