// SPDX-License-Identifier: MPL-2.0
// The original's tests of schedulers, by name.
#include <atomic>
#include <chrono>
#include <system_error>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/scripted_scheduler.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::error_of;
using mioco_test::schedule_script;
using mioco_test::scheduler_of;

class scheduler : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(scheduler);

TEST(scheduler, scheduler_kill_on_initial_drop) {
    schedule_script drops;
    drops.spawned = [](const mioco::ready_fiber&) {};
    bool ran = false;
    EXPECT_EQ(error_of([&] {
                  mioco::run(mioco::config{}.scheduler(scheduler_of(drops)), [&] { ran = true; });
              }),
              std::errc::operation_canceled);
    EXPECT_FALSE(ran);
}

TEST(scheduler, scheduler_kill_on_drop) {
    schedule_script drops;
    drops.ready = [](const mioco::ready_fiber&) {};
    bool started = false;
    bool finished = false;
    EXPECT_EQ(error_of([&] {
                  mioco::run(mioco::config{}.scheduler(scheduler_of(drops)), [&] {
                      started = true;
                      mioco::sleep_for(1s);
                      finished = true;
                  });
              }),
              std::errc::operation_canceled);
    EXPECT_TRUE(started);
    EXPECT_FALSE(finished);
}

TEST_P(scheduler, simple_yield) {
    schedule_script asks;
    std::atomic<int> wrong{0};
    std::atomic<int> yields{0};
    asks.spawned = [&](mioco::ready_fiber f) {
        wrong += f.is_yielding() ? 1 : 0;
        f.resume();
    };
    asks.ready = [&](mioco::ready_fiber f) {
        wrong += f.is_yielding() ? 0 : 1;
        ++yields;
        f.resume();
    };
    mioco::run(settings().scheduler(scheduler_of(asks)), [] {
        for (int i = 0; i < 10'000; ++i) mioco::yield();
    });
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(yields, 10'000);
}

TEST(scheduler, userdata_scheduler) {
    schedule_script reads;
    std::atomic<int> seen{0};
    reads.spawned = [&](const mioco::ready_fiber& f) { seen = *f.data<int>(); };
    bool ran = false;
    EXPECT_EQ(error_of([&] {
                  mioco::run(mioco::config{}.data(42).scheduler(scheduler_of(reads)),
                             [&] { ran = true; });
              }),
              std::errc::operation_canceled);
    EXPECT_EQ(seen, 42);
    EXPECT_FALSE(ran);
}

}  // namespace
