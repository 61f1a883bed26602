// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/workers.hpp"

namespace {

class yield : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(yield);

TEST_P(yield, with_nobody_else_ready_returns) {
    run([] {
        for (int i = 0; i < 1000; ++i) mioco::yield();
    });
}

TEST_P(yield, lets_a_spawned_fiber_run) {
    run([] {
        mioco_test::flag ran;
        mioco::spawn([&] { ran.raise(); });
        ran.await();
    });
}

TEST_P(yield, of_many_ends_for_all) {
    std::atomic<int> rounds = 0;
    run([&] {
        for (int i = 0; i < 300; ++i) {
            mioco::spawn([&] {
                for (int j = 0; j < 100; ++j) {
                    mioco::yield();
                    rounds.fetch_add(1, std::memory_order_relaxed);
                }
            });
        }
    });
    EXPECT_EQ(rounds, 30000);
}

// More fibers than a run queue has room for, all ready at once.
TEST_P(yield, overflowing_queues_lose_nobody) {
    std::atomic<int> ended = 0;
    mioco_test::flag go;
    run([&] {
        for (int i = 0; i < 2000; ++i) {
            mioco::spawn([&] {
                go.await();
                ++ended;
            });
        }
        go.raise();
    });
    EXPECT_EQ(ended, 2000);
}

// Those that found no room in the run queue get their turn though it stays full.
TEST_P(yield, by_more_fibers_than_a_queue_holds_starves_nobody) {
    mioco_test::flag end;
    run([&] {
        for (int i = 0; i < 1000; ++i) mioco::spawn([&] { end.await(); });
        mioco::spawn([&] { end.raise(); });
    });
    EXPECT_TRUE(end.is_raised());
}

TEST_P(yield, by_more_fibers_than_a_queue_holds_lets_threads_spawn) {
    mioco_test::flag end;
    mioco::runtime rt(settings());
    for (int i = 0; i < 1000; ++i) rt.spawn([&] { end.await(); });
    rt.spawn([&] { end.raise(); });
    rt.wait();
}

TEST(yield_on_one_worker, takes_turns) {
    std::string order;
    mioco::run(mioco::config{}.workers(1), [&] {
        const auto body = [&](char name) {
            for (int i = 0; i < 5; ++i) {
                order += name;
                mioco::yield();
            }
        };
        auto a = mioco::spawn(body, 'a');
        auto b = mioco::spawn(body, 'b');
        auto c = mioco::spawn(body, 'c');
        a.join();
        b.join();
        c.join();
    });
    EXPECT_EQ(order, "abcabcabcabcabc");
}

// Two that hand over to each other through joins would have the worker to themselves if a woken
// fiber always ran next.
TEST(yield_on_one_worker, is_answered_while_others_wake_each_other) {
    mioco::run(mioco::config{}.workers(1), [] {
        mioco_test::flag stop;
        auto busy = mioco::spawn([&] {
            while (!stop.is_raised()) mioco::spawn([] {}).join();
        });
        for (int i = 0; i < 100; ++i) mioco::yield();
        stop.raise();
        busy.join();
    });
}

TEST(yield_outside, yields_the_thread) {
    mioco::yield();
    EXPECT_FALSE(mioco::this_fiber::in_fiber());
}

}  // namespace
