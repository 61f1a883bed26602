// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <mutex>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

// Nobody waits for ever on somebody else's computation or zeal. Proved by order: who must go on first
// releases the one that holds the worker; otherwise the test does not end.

namespace {

using namespace std::chrono_literals;
using mioco_test::flag;

TEST(budget, of_a_fiber_that_always_succeeds_lets_others_run) {
    mioco::run(mioco::config{}.workers(1), [] {
        std::vector<mioco::join_handle<void>> ended;
        for (int i = 0; i < 2000; ++i) ended.push_back(mioco::spawn([] {}));
        while (!ended.back().done()) mioco::yield();
        flag ran;
        auto other = mioco::spawn([&] { ran.raise(); });
        std::size_t joined = 0;
        while (joined < ended.size() && !ran.is_raised()) ended[joined++].join();
        EXPECT_TRUE(ran.is_raised());
        EXPECT_LT(joined, ended.size());
        other.join();
    });
}

TEST(budget, of_a_fiber_that_spawns_lets_its_children_run) {
    mioco::run(mioco::config{}.workers(1), [] {
        std::atomic<int> ran = 0;
        int spawned = 0;
        while (spawned < 2000 && ran == 0) {
            mioco::spawn([&] { ++ran; });
            ++spawned;
        }
        EXPECT_GT(ran, 0);
        EXPECT_LT(spawned, 2000);
        while (ran != spawned) mioco::yield();
    });
}

TEST(budget, of_a_fiber_that_locks_again_and_again_lets_others_run_and_have_the_mutex) {
    mioco::run(mioco::config{}.workers(1), [] {
        mioco::mutex guard;
        bool done = false;
        auto locking = mioco::spawn([&] {
            for (;;) {
                const std::scoped_lock held(guard);
                if (done) return;
            }
        });
        for (int i = 0; i < 3; ++i) {
            mioco::yield();
            ASSERT_TRUE(guard.try_lock()) << "it has let others run with the mutex in hand";
            guard.unlock();
        }
        {
            const std::scoped_lock held(guard);
            done = true;
        }
        locking.join();
    });
}

TEST(budget, of_a_fiber_that_tries_to_lock_again_and_again_lets_others_run) {
    // The only other fiber ends it, so it has to come to run. With no time left, with some, and when it succeeds each time.
    const auto ends = [](auto lock_and_try) {
        bool done = false;
        auto trying = mioco::spawn([&] {
            while (!done) lock_and_try();
        });
        mioco::yield();
        done = true;
        trying.join();
    };
    mioco::run(mioco::config{}.workers(1), [&] {
        mioco::mutex guard;
        mioco::shared_mutex shared;
        ends([&] {
            if (guard.try_lock_for(0s)) guard.unlock();
        });
        ends([&] {
            if (shared.try_lock_for(0s)) shared.unlock();
        });
        ends([&] {
            if (shared.try_lock_shared_for(0s)) shared.unlock_shared();
        });
        guard.lock();
        shared.lock();
        for (const auto limit : {-1ns, 0ns, 1ns}) {
            ends([&] { EXPECT_FALSE(guard.try_lock_for(limit)); });
            ends([&] { EXPECT_FALSE(shared.try_lock_for(limit)); });
            ends([&] { EXPECT_FALSE(shared.try_lock_shared_for(limit)); });
        }
        guard.unlock();
        shared.unlock();
    });
}

// One worker is held by a fiber that computes and calls nothing of the library.
class computing : public testing::TestWithParam<unsigned> {
protected:
    static mioco::config settings() { return mioco::config{}.workers(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(workers, computing, testing::Values(2U, 5U, 21U),
                         mioco_test::worker_count_name);

TEST_P(computing, does_not_hold_up_what_is_queued_behind_it) {
    flag released;
    std::atomic<int> ran = 0;
    mioco::run(settings(), [&] {
        for (int i = 0; i < 100; ++i) {
            mioco::spawn([&] {
                if (++ran == 100) released.raise();
            });
        }
        released.await_computing();
    });
    EXPECT_EQ(ran, 100);
}

TEST_P(computing, does_not_hold_up_the_fiber_that_it_has_just_woken) {
    flag released;
    flag may_wake;
    mioco::run(settings(), [&] {
        auto woken_by_end = mioco::spawn([&] { may_wake.await(); });
        auto waiter = mioco::spawn([&] {
            woken_by_end.join();
            released.raise();
        });
        mioco::yield();
        may_wake.raise();
        mioco::yield();
        released.await_computing();
    });
}

TEST_P(computing, does_not_hold_up_timers) {
    flag released;
    mioco::run(settings(), [&] {
        flag asleep;
        mioco::spawn([&] {
            asleep.raise();
            mioco::sleep_for(2ms);
            released.raise();
        });
        asleep.await();
        released.await_computing();
    });
}

TEST_P(computing, does_not_hold_up_repeated_timers_of_many) {
    std::atomic<int> waiting = 20;
    mioco::run(settings(), [&] {
        std::atomic<int> asleep = 0;
        for (int i = 0; i < 20; ++i) {
            mioco::spawn([&, i] {
                ++asleep;
                for (int j = 0; j < 10; ++j) mioco::sleep_for(std::chrono::microseconds(100 + i));
                --waiting;
            });
        }
        while (asleep != 20) mioco::yield();
        while (waiting != 0) mioco_test::yield_thread();
    });
}

TEST_P(computing, does_not_hold_up_what_threads_spawn) {
    flag computes;
    flag released;
    mioco::runtime rt(settings());
    mioco_test::thread spawner([&] {
        computes.await();
        rt.spawn([&] { released.raise(); });
    });
    rt.run([&] {
        computes.raise();
        released.await_computing();
    });
    spawner.join();
}

// On few: twenty threads that compute on few CPUs take long.
class computing_on_few : public computing {};
INSTANTIATE_TEST_SUITE_P(workers, computing_on_few, testing::Values(2U, 5U),
                         mioco_test::worker_count_name);

TEST_P(computing_on_few, on_all_workers_but_one_does_not_hold_up_the_rest) {
    flag released;
    std::atomic<unsigned> computing_now = 0;
    mioco::run(settings(), [&] {
        for (unsigned i = 1; i < GetParam() - 1; ++i) {
            mioco::spawn([&] {
                ++computing_now;
                released.await_computing();
            });
        }
        while (computing_now != GetParam() - 2) mioco::yield();
        mioco::spawn([&] {
            mioco::sleep_for(1ms);
            released.raise();
        });
        released.await_computing();
    });
}

}  // namespace
