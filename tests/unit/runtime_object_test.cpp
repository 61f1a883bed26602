// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using mioco_test::error_of;
using mioco_test::flag;

class runtime_object : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(runtime_object);

TEST_P(runtime_object, runs_again_and_again) {
    mioco::runtime rt(settings());
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(rt.run([i] { return mioco::spawn([i] { return i; }).join(); }), i);
    }
}

TEST_P(runtime_object, runs_again_after_an_exception) {
    mioco::runtime rt(settings());
    EXPECT_THROW(rt.run([] { throw 1; }), int);
    EXPECT_EQ(rt.run([] { return 2; }), 2);
}

TEST_P(runtime_object, runs_again_after_threads_of_its_own_have_started) {
    mioco::runtime rt(settings());
    EXPECT_EQ(rt.spawn([] { return 1; }).join(), 1);
    EXPECT_EQ(rt.run([] { return 2; }), 2);
    EXPECT_EQ(rt.spawn([] { return 3; }).join(), 3);
    rt.wait();
}

TEST_P(runtime_object, that_nobody_uses_ends_at_once) { const mioco::runtime rt(settings()); }

TEST_P(runtime_object, wait_is_until_no_fiber_is_left) {
    mioco::runtime rt(settings());
    std::atomic<int> ended = 0;
    for (int i = 0; i < 50; ++i) {
        rt.spawn([&] {
            for (int j = 0; j < 20; ++j) mioco::yield();
            ++ended;
        });
    }
    rt.wait();
    EXPECT_EQ(ended, 50);
    rt.wait();
}

TEST_P(runtime_object, several_exist_at_once_and_share_nothing) {
    mioco::runtime first(settings());
    mioco::runtime second(mioco::config{}.workers(3));
    flag go;
    auto a = first.spawn([&] {
        go.await();
        return mioco::this_fiber::worker_count();
    });
    auto b = second.spawn([&] {
        go.raise();
        return mioco::this_fiber::worker_count();
    });
    EXPECT_EQ(a.join(), GetParam());
    EXPECT_EQ(b.join(), 3U);
    first.stop();
    first.wait();
    EXPECT_EQ(second.spawn([] { return 1; }).join(), 1);
}

TEST_P(runtime_object, destructor_stops_and_waits) {
    std::atomic<int> living = 0;
    {
        mioco::runtime rt(settings());
        std::atomic<int> started = 0;
        for (int i = 0; i < 100; ++i) {
            rt.spawn([&, c = mioco_test::counted(living)] {
                ++started;
                for (;;) mioco::sleep_for(std::chrono::hours(1));
            });
        }
        while (started != 100) mioco_test::yield_thread();
        EXPECT_EQ(living, 100);
    }
    EXPECT_EQ(living, 0);
}

TEST_P(runtime_object, destructor_runs_in_a_fiber_of_another) {
    run([] {
        flag sibling_ran;
        mioco::spawn([&] { sibling_ran.raise(); });
        mioco::runtime inner(settings());
        inner.spawn([&] {
            for (;;) mioco::yield();
        });
        inner.spawn([&] { sibling_ran.await(); }).join();
    });
}

TEST_P(runtime_object, two_threads_run_it_at_once) {
    mioco::runtime rt(settings());
    std::vector<mioco_test::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i) {
                ASSERT_EQ(rt.run([i] {
                    mioco::yield();
                    return i;
                }),
                          i);
            }
        });
    }
    for (auto& each : threads) each.join();
}

// The driver of one run leaves while others spawn: no fiber may be left without a worker.
TEST_P(runtime_object, spawns_while_a_run_ends_are_not_forgotten) {
    mioco::runtime rt(settings());
    std::atomic<int> ran = 0;
    flag finished;
    mioco_test::thread spawner([&] {
        for (int i = 0; i < 300; ++i) rt.spawn([&] { ++ran; }).join();
        finished.raise();
    });
    while (!finished.is_raised()) rt.run([] {});
    spawner.join();
    EXPECT_EQ(ran, 300);
}

TEST_P(runtime_object, wait_in_a_fiber_of_its_own_is_an_error) {
    mioco::runtime rt(settings());
    EXPECT_EQ(rt.run([&] { return error_of([&] { rt.wait(); }); }),
              std::errc::resource_deadlock_would_occur);
    EXPECT_EQ(rt.run([&] { return error_of([&] { rt.run([] {}); }); }),
              std::errc::resource_deadlock_would_occur);
}

TEST_P(runtime_object, wait_in_a_fiber_of_another_parks_it) {
    mioco::runtime other(settings());
    run([&] {
        flag go;
        other.spawn([&] { go.await(); });
        mioco::spawn([&] { go.raise(); });
        other.wait();
        EXPECT_TRUE(go.is_raised());
    });
}

TEST_P(runtime_object, names_its_threads) {
    mioco::runtime rt(settings().name("named"));
    rt.spawn([] {}).join();
    std::size_t found = 0;
    while (found != GetParam()) found = mioco_test::threads_named("named_").size();
    EXPECT_EQ(rt.worker_count(), GetParam());
}

TEST_P(runtime_object, gives_the_calling_thread_back_as_it_was) {
    const int slack = prctl(PR_GET_TIMERSLACK);
    stack_t before{};
    sigaltstack(nullptr, &before);
    run([] { mioco::sleep_for(std::chrono::microseconds(10)); });
    EXPECT_EQ(prctl(PR_GET_TIMERSLACK), slack);
    stack_t after{};
    sigaltstack(nullptr, &after);
    EXPECT_EQ(after.ss_sp, before.ss_sp);
    EXPECT_EQ(after.ss_flags, before.ss_flags);
    EXPECT_FALSE(mioco::this_fiber::in_fiber());
}

TEST_P(runtime_object, leaves_no_thread_and_no_descriptor_behind) {
    const auto descriptors = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
    };
    const auto use_a_runtime = [] {
        mioco::runtime rt(settings());
        rt.spawn([] { mioco::sleep_for(std::chrono::microseconds(1)); }).join();
    };
    // What is made once a process, or with its first thread (a sanitizer's own, say).
    use_a_runtime();
    const auto threads_before = mioco_test::threads_named("").size();
    const auto before = descriptors();
    for (int i = 0; i < 5; ++i) use_a_runtime();
    EXPECT_EQ(descriptors(), before);
    // A joined thread may stand in /proc for a moment more.
    while (mioco_test::threads_named("").size() > threads_before) mioco_test::yield_thread();
}

}  // namespace
