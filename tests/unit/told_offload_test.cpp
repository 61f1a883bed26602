// SPDX-License-Identifier: MPL-2.0
// Offloaded calls that are told that their caller was interrupted, and those that it leaves.
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::counted;
using mioco_test::error_of;
using mioco_test::flag;

constexpr auto cancelled = std::errc::operation_canceled;
constexpr auto timed_out = std::errc::timed_out;

// Computes until it is told to stop.
int until_told(const std::stop_token& stop) {
    while (!stop.stop_requested()) mioco_test::yield_thread();
    return 7;
}

class told_anywhere : public mioco_test::anywhere {};
MIOCO_ANYWHERE(told_anywhere);

TEST_P(told_anywhere, gives_results_errors_and_references) {
    inside([] {
        int number = 1;
        EXPECT_EQ(mioco::offload(
                      [](const std::stop_token& stop, int n) {
                          EXPECT_FALSE(stop.stop_requested());
                          return n;
                      },
                      7),
                  7);
        EXPECT_EQ(&mioco::offload([&](std::stop_token) -> int& { return number; }), &number);
        mioco::offload([&](std::stop_token) { number = 2; });
        EXPECT_EQ(number, 2);
        EXPECT_THROW(mioco::offload([](std::stop_token) { throw std::runtime_error("x"); }),
                     std::runtime_error);
        EXPECT_EQ(*mioco::offload_abandonable(
                      [own = std::make_unique<int>(3)](std::unique_ptr<int> more) {
                          *more += *own;
                          return more;
                      },
                      std::make_unique<int>(4)),
                  7);
        EXPECT_THROW(mioco::offload_abandonable([] { throw std::runtime_error("x"); }),
                     std::runtime_error);
        EXPECT_FALSE(mioco::offload_abandonable(
            [](const std::stop_token& stop) { return stop.stop_requested(); }));
    });
}

TEST_P(told_anywhere, begins_nothing_after_a_deadline) {
    inside([] {
        mioco::with_deadline(0s, [] {
            EXPECT_EQ(error_of([] { mioco::offload([](std::stop_token) { ADD_FAILURE(); }); }),
                      timed_out);
            EXPECT_EQ(error_of([] { mioco::offload_abandonable([] { ADD_FAILURE(); }); }),
                      timed_out);
        });
    });
}

TEST(told_on_a_thread, is_a_token_that_never_tells) {
    EXPECT_FALSE(mioco::offload([](const std::stop_token& stop) { return stop.stop_possible(); }));
}

class told : public mioco_test::on_workers {
protected:
    std::atomic<int> living = 0;
};
MIOCO_ON_WORKER_COUNTS(told);

TEST_P(told, of_a_cancel_and_its_result_counts) {
    run([&] {
        flag begun;
        int got = 0;
        bool went_on = false;
        auto victim = mioco::spawn([&] {
            got = mioco::offload([&](const std::stop_token& stop) {
                begun.raise();
                return until_told(stop);
            });
            mioco::yield();
            went_on = true;
        });
        begun.await();
        victim.cancel();
        EXPECT_EQ(error_of([&] { victim.join(); }), cancelled);
        EXPECT_EQ(got, 7);
        EXPECT_FALSE(went_on);
    });
}

TEST_P(told, of_a_stop) {
    flag begun;
    std::atomic<int> got = 0;
    mioco::runtime rt(settings());
    auto victim = rt.spawn([&] {
        got = mioco::offload([&](const std::stop_token& stop) {
            begun.raise();
            return until_told(stop);
        });
    });
    begun.await();
    rt.stop();
    EXPECT_NO_THROW(victim.join());
    EXPECT_EQ(got, 7);
}

// On a busy machine the time may be over before the function begins: then more is given.
void expect_told_of_a_deadline() {
    bool begun = false;
    for (auto limit = 1ms; !begun; limit *= 2) {
        int got = 0;
        const auto ask = [&] {
            got = mioco::offload([&](const std::stop_token& stop) {
                begun = true;
                return until_told(stop);
            });
            EXPECT_EQ(error_of([] { mioco::sleep_for(1h); }), timed_out);
        };
        const std::errc ended = error_of([&] { mioco::with_deadline(limit, ask); });
        EXPECT_EQ(got, begun ? 7 : 0);
        EXPECT_EQ(ended, begun ? std::errc{} : timed_out);
    }
}

TEST_P(told, of_a_deadline) {
    run([] {
        expect_told_of_a_deadline();
        mioco::yield();
    });
}

TEST_P(told, by_a_callback_which_may_use_the_library) {
    run([&] {
        auto [tx, rx] = mioco::unbounded_channel<int>();
        flag begun;
        auto victim = mioco::spawn([&, &rx = rx] {
            return mioco::offload([&](std::stop_token stop) {
                int calls = 0;
                const std::stop_callback call(stop, [&] {
                    ++calls;
                    for (int i = 0; i < 500; ++i) static_cast<void>(tx.try_send(i));
                });
                begun.raise();
                until_told(stop);
                for (int i = 0; i < 500; ++i) EXPECT_EQ(rx.recv(), i);
                return calls;
            });
        });
        begun.await();
        victim.cancel();
        EXPECT_EQ(victim.join(), 1);
    });
}

TEST_P(told, nothing_in_a_shield) {
    run([&] {
        flag begun;
        flag go_on;
        auto victim = mioco::spawn([&] {
            return mioco::shield([&] {
                return mioco::offload([&](const std::stop_token& stop) {
                    begun.raise();
                    go_on.await_computing();
                    return stop.stop_requested();
                });
            });
        });
        begun.await();
        victim.cancel();
        for (int i = 0; i < 10; ++i) mioco::yield();
        go_on.raise();
        EXPECT_FALSE(victim.join());
    });
}

TEST_P(told, within_a_shield_of_a_deadline_that_is_set_there) {
    run([] { mioco::shield(expect_told_of_a_deadline); });
}

TEST(told_in_the_queue, it_is_taken_back) {
    mioco::run(mioco::config{}.workers(1).offload_threads(1), [] {
        flag begun;
        flag go_on;
        auto holds = mioco::spawn([&] {
            mioco::offload([&] {
                begun.raise();
                go_on.await_computing();
            });
        });
        begun.await();
        auto waits = mioco::spawn([] { mioco::offload([](std::stop_token) { ADD_FAILURE(); }); });
        auto leaves = mioco::spawn([] { mioco::offload_abandonable([] { ADD_FAILURE(); }); });
        mioco::yield();
        waits.cancel();
        leaves.cancel();
        EXPECT_EQ(error_of([&] { waits.join(); }), cancelled);
        EXPECT_EQ(error_of([&] { leaves.join(); }), cancelled);
        go_on.raise();
        holds.join();
    });
}

// The frame of the call is gone as soon as it has ended, whoever tells it of what.
TEST_P(told, at_the_moment_at_which_it_ends) {
    run([&] {
        for (int round = 0; round < 100; ++round) {
            flag begun;
            auto victim = mioco::spawn([&] {
                return mioco::offload([&](std::stop_token) {
                    begun.raise();
                    return 7;
                });
            });
            if (round % 2 == 0) begun.await();
            victim.cancel();
            int got = 0;
            const std::errc ended = error_of([&] { got = victim.join(); });
            EXPECT_EQ(got, ended == cancelled ? 0 : 7);
        }
    });
}

TEST_P(told, that_it_was_left_and_nobody_waits_for_it) {
    flag go_on;
    flag ended;
    bool was_told = false;
    run([&] {
        flag begun;
        auto victim = mioco::spawn([&] {
            // All that it refers to outlives the runtime.
            mioco::offload_abandonable(
                [&, own = counted(living)](const std::stop_token& stop, flag* begins) {
                    begins->raise();
                    go_on.await_computing();
                    was_told = stop.stop_requested();
                    ended.raise();
                },
                &begun);
        });
        begun.await();
        victim.cancel();
        EXPECT_EQ(error_of([&] { victim.join(); }), cancelled);
        EXPECT_FALSE(ended.is_raised());
        EXPECT_EQ(living, 1);
        go_on.raise();
    });
    EXPECT_TRUE(ended.is_raised());
    EXPECT_TRUE(was_told);
    EXPECT_EQ(living, 0);
}

TEST_P(told, that_it_was_left_at_a_deadline) {
    flag go_on;
    run([&] {
        EXPECT_EQ(error_of([&] {
                      mioco::with_deadline(1ms, [&] {
                          mioco::offload_abandonable([&] {
                              go_on.await_computing();
                              throw std::runtime_error("nobody hears of it");
                          });
                      });
                  }),
                  timed_out);
        go_on.raise();
    });
}

}  // namespace
