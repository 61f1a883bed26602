// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::chrono_literals;
using mioco::this_fiber::no_park;

class no_parking : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(no_parking);

TEST_P(no_parking, lets_calls_pass_that_need_not_wait) {
    run([] {
        mioco::mutex lock;
        auto [sender, receiver] = mioco::channel<int>(1);
        auto ended = mioco::spawn([] {});
        while (!ended.done()) mioco::yield();
        const no_park guard;
        const std::scoped_lock held(lock);
        sender.send(1);
        EXPECT_EQ(receiver.recv(), 1);
        ended.join();
        mioco::spawn([] {}).detach();
    });
}

// Neither does it move, nor does another fiber run: on one worker nobody else could count.
TEST_P(no_parking, outlasts_the_budget) {
    run([] {
        std::atomic<bool> ends = false;
        std::atomic<int> turns = 0;
        auto other = mioco::spawn({.pinned = true}, [&] {
            while (!ends) {
                ++turns;
                mioco::yield();
            }
        });
        while (turns == 0) mioco::yield();
        mioco::mutex lock;
        {
            std::optional<no_park> guard(std::in_place);
            const auto thread = mioco_test::thread_number();
            const int before = turns;
            for (int i = 0; i < 1000; ++i) const std::scoped_lock held(lock);
            EXPECT_EQ(mioco_test::thread_number(), thread);
            if (GetParam() == 1) {
                EXPECT_EQ(turns, before);
                guard.reset();
                while (turns == before) const std::scoped_lock held(lock);
            }
        }
        ends = true;
        other.join();
    });
}

TEST_P(no_parking, is_over_with_the_last_guard) {
    run([] {
        auto first = std::make_unique<no_park>();
        auto second = std::make_unique<no_park>("another");
        first.reset();
        second.reset();
        mioco::yield();
        mioco::sleep_for(1ns);
        std::vector<mioco::join_handle<void>> all;
        for (int i = 0; i < 200; ++i) all.push_back(mioco::spawn([] { const no_park guard; }));
        for (auto& each : all) each.join();
    });
}

TEST_P(no_parking, does_not_keep_a_cancel_away) {
    run([] {
        mioco_test::flag begun;
        auto cancelled = mioco::spawn([&] {
            begun.raise();
            while (!mioco::this_fiber::cancel_requested()) mioco::yield();
            const no_park guard;
            mioco::sleep_for(1h);
        });
        begun.await();
        cancelled.cancel();
        EXPECT_EQ(mioco_test::error_of([&] { cancelled.join(); }), std::errc::operation_canceled);
    });
}

TEST(no_park_outside, of_fibers_has_no_effect) {
    const no_park guard;
    mioco::sleep_for(1ns);
    EXPECT_EQ(mioco::run([] {
                  mioco::yield();
                  return 3;
              }),
              3);
}

class no_park_death : public testing::TestWithParam<unsigned> {
protected:
    no_park_death() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

    template <class F>
    static void run_named(F f) {
        mioco::run(mioco::config{}.workers(GetParam()),
                   [&] { mioco::spawn({.name = "holder"}, f).join(); });
    }
};
INSTANTIATE_TEST_SUITE_P(workers, no_park_death, testing::Values(1U, 2U),
                         mioco_test::worker_count_name);

TEST_P(no_park_death, names_call_fiber_reason_and_place) {
    EXPECT_DEATH(run_named([] {
                     const no_park guard("holds the registry");
                     mioco::sleep_for(1h);
                 }),
                 "a call would wait for sleep, which the no_park \\(holds the registry\\) forbids "
                 "that was made at [^\n]*no_park_test.cpp:[0-9]+:\n"
                 "fiber [0-9]+ \"holder\" of mioco: runs on worker [^\n]*\n"
                 "(    [^\n]*\n)+");
}

TEST_P(no_park_death, goes_for_each_way_to_wait) {
    EXPECT_DEATH(run_named([] {
                     auto sleeper = mioco::spawn([] { mioco::sleep_for(1h); });
                     const no_park guard;
                     sleeper.join();
                 }),
                 "would wait for join, which the no_park forbids");
    EXPECT_DEATH(run_named([] {
                     mioco::event never;
                     const no_park guard;
                     never.wait();
                 }),
                 "would wait for event");
    EXPECT_DEATH(run_named([] {
                     auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
                     const no_park guard;
                     listener.accept();
                 }),
                 "would wait for read");
    EXPECT_DEATH(run_named([] {
                     const no_park guard;
                     mioco::block_in_place([] { std::this_thread::sleep_for(1h); });
                 }),
                 "would wait for offload");
}

TEST_P(no_park_death, goes_for_a_yield_with_nobody_else_ready) {
    EXPECT_DEATH(run_named([] {
                     const no_park guard;
                     mioco::yield();
                 }),
                 "would let other fibers run: yield");
}

TEST_P(no_park_death, tells_of_the_innermost_guard) {
    EXPECT_DEATH(run_named([] {
                     const no_park outer("outer");
                     const no_park inner("inner");
                     mioco::sleep_for(1h);
                 }),
                 "no_park \\(inner\\)");
    EXPECT_DEATH(run_named([] {
                     const no_park outer("outer");
                     {
                         const no_park inner("inner");
                     }
                     mioco::sleep_for(1h);
                 }),
                 "no_park \\(outer\\)");
}

TEST_P(no_park_death, tells_of_a_guard_that_outlives_its_fiber) {
    EXPECT_DEATH(run_named([] { new no_park; }),
                 "no_park of fiber [0-9]+, made at [^\n]*, has outlived");
    EXPECT_DEATH(run_named([] {
                     alignas(no_park) static std::array<std::byte, sizeof(no_park)> room;
                     new (room.data()) no_park;
                     room.fill(std::byte{0xff});  // as on a stack that is another fiber's by then
                 }),
                 "no_park of fiber [0-9]{1,9}, made at [^\n]*no_park_test[^\n]*, has outlived");
    EXPECT_DEATH(run_named([] {
                     auto guard = std::make_unique<no_park>();
                     std::thread([&] { guard.reset(); }).join();
                 }),
                 "no_park of fiber [0-9]+, made at [^\n]*, ends outside of that fiber");
}

}  // namespace
