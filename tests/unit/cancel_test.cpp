// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::counted;
using mioco_test::error_of;
using mioco_test::flag;

constexpr auto cancelled = std::errc::operation_canceled;

class cancel : public mioco_test::on_workers {
protected:
    std::atomic<int> living = 0;
};
MIOCO_ON_WORKER_COUNTS(cancel);

TEST_P(cancel, ends_the_wait_of_that_fiber_alone) {
    run([&] {
        flag other_parks;
        auto other = mioco::spawn([&] {
            other_parks.raise();
            mioco::sleep_for(10ms);
        });
        flag parks;
        auto victim = mioco::spawn([&, c = counted(living)] {
            parks.raise();
            mioco::sleep_for(1h);
        });
        parks.await();
        other_parks.await();
        victim.cancel();
        EXPECT_EQ(error_of([&] { victim.join(); }), cancelled);
        EXPECT_EQ(living, 0);
        EXPECT_NO_THROW(other.join());
    });
}

TEST_P(cancel, of_a_fiber_that_has_not_begun_keeps_it_from_beginning) {
    mioco::run(mioco::config{}.workers(1), [&] {
        bool ran = false;
        auto victim = mioco::spawn([&, c = counted(living)] { ran = true; });
        victim.cancel();
        EXPECT_EQ(error_of([&] { victim.join(); }), cancelled);
        EXPECT_FALSE(ran);
        EXPECT_EQ(living, 0);
    });
}

TEST_P(cancel, is_seen_at_each_call_by_one_that_swallows_it) {
    run([&] {
        flag parks;
        int thrown = 0;
        auto victim = mioco::spawn([&] {
            parks.raise();
            for (int i = 0; i < 3; ++i) {
                try {
                    mioco::sleep_for(1h);
                } catch (const mioco::fiber_cancelled&) {
                    ++thrown;
                }
            }
        });
        parks.await();
        victim.cancel();
        EXPECT_NO_THROW(victim.join());
        EXPECT_EQ(thrown, 3);
    });
}

TEST_P(cancel, of_what_has_ended_and_of_no_handle_is_nothing) {
    run([&] {
        mioco::join_handle<int> none;
        none.cancel();
        auto ended = mioco::spawn([] { return 7; });
        while (!ended.done()) mioco::yield();
        ended.cancel();
        EXPECT_EQ(ended.join(), 7);
        ended.cancel();
    });
}

TEST_P(cancel, reaches_no_later_fiber_of_the_same_block) {
    run([&] {
        for (int i = 0; i < 1000; ++i) {
            auto first = mioco::spawn([] {});
            first.cancel();
            error_of([&] { first.join(); });
            auto second = mioco::spawn([] { mioco::yield(); });
            EXPECT_NO_THROW(second.join());
        }
    });
}

TEST_P(cancel, from_a_thread_and_from_another_runtime) {
    mioco::runtime rt(settings());
    for (int round = 0; round < 50; ++round) {
        auto of_thread = rt.spawn([] { mioco::sleep_for(1h); });
        auto of_fiber = rt.spawn([] { mioco::sleep_for(1h); });
        mioco_test::thread([&] { of_thread.cancel(); }).join();
        mioco::run([&] { of_fiber.cancel(); });
        EXPECT_EQ(error_of([&] { of_thread.join(); }), cancelled);
        EXPECT_EQ(error_of([&] { of_fiber.join(); }), cancelled);
    }
}

TEST_P(cancel, races_the_end_of_the_fiber_and_of_its_runtime) {
    for (int round = 0; round < 200; ++round) {
        std::optional<mioco::join_handle<void>> handle;
        std::atomic<bool> made = false;
        mioco_test::thread outside([&] {
            while (!made) mioco_test::yield_thread();
            handle->cancel();
        });
        error_of([&] {
            run([&] {
                handle = mioco::spawn([] { mioco::yield(); });
                made = true;
            });
        });
        outside.join();
        handle.reset();
    }
}

TEST_P(cancel, leaves_what_was_received) {
    run([&] {
        for (int round = 0; round < 200; ++round) {
            auto [tx, rx] = mioco::channel<int>(1);
            int got = 0;
            auto victim = mioco::spawn([&] {
                if (const auto item = rx.recv()) got = *item;
            });
            auto sender = mioco::spawn([&tx] { tx.send(1); });
            victim.cancel();
            error_of([&] { victim.join(); });
            sender.join();
            const int left = rx.try_recv().value_or(0);
            EXPECT_EQ(got + left, 1);
        }
    });
}

TEST_P(cancel, is_masked_in_a_shield) {
    run([&] {
        flag inside;
        flag go_on;
        bool finished = false;
        bool seen_requested = false;
        bool after = false;
        auto victim = mioco::spawn([&] {
            mioco::shield([&] {
                mioco::shield([] { mioco::yield(); });
                inside.raise();
                go_on.await();
                mioco::sleep_for(1us);
                seen_requested = mioco::this_fiber::cancel_requested();
                finished = true;
            });
            mioco::yield();
            after = true;
        });
        inside.await();
        EXPECT_FALSE(mioco::this_fiber::cancel_requested());
        victim.cancel();
        go_on.raise();
        EXPECT_EQ(error_of([&] { victim.join(); }), cancelled);
        EXPECT_TRUE(finished);
        EXPECT_TRUE(seen_requested);
        EXPECT_FALSE(after);
    });
}

void shield_so_often(int left, const std::function<void()>& innermost) {
    if (left == 0) return innermost();
    mioco::shield([&] { shield_so_often(left - 1, innermost); });
}

TEST_P(cancel, is_masked_however_deep_shields_are_nested) {
    run([&] {
        flag inside;
        flag go_on;
        auto victim = mioco::spawn({.stack_size_bytes = 1 << 20}, [&] {
            shield_so_often(300, [&] {
                inside.raise();
                go_on.await();
            });
            return mioco::this_fiber::cancel_requested();
        });
        inside.await();
        victim.cancel();
        go_on.raise();
        EXPECT_TRUE(victim.join());
    });
}

TEST_P(cancel, of_a_shield_gives_results_and_errors) {
    run([&] {
        int number = 1;
        EXPECT_EQ(mioco::shield([] { return 7; }), 7);
        EXPECT_EQ(&mioco::shield([&]() -> int& { return number; }), &number);
        EXPECT_THROW(mioco::shield([] { throw 1; }), int);
    });
    EXPECT_EQ(mioco::shield([] { return 7; }), 7);
}

TEST_P(cancel, is_told_by_a_stop_token) {
    run([&] {
        flag parks;
        std::stop_token kept;
        auto victim = mioco::spawn([&] {
            kept = mioco::this_fiber::stop_token();
            EXPECT_EQ(kept, mioco::this_fiber::stop_token());
            EXPECT_FALSE(kept.stop_requested());
            parks.raise();
            mioco::sleep_for(1h);
        });
        parks.await();
        std::atomic<int> called = 0;
        std::stop_callback counts(kept, [&] { ++called; });
        EXPECT_TRUE(kept.stop_possible());
        victim.cancel();
        EXPECT_TRUE(kept.stop_requested());
        EXPECT_EQ(error_of([&] { victim.join(); }), cancelled);
        EXPECT_EQ(called, 1) << "by whichever of the two requested the stop";
        EXPECT_TRUE(kept.stop_requested());
    });
}

TEST_P(cancel, is_told_by_a_stop_token_of_a_stop) {
    std::stop_token kept;
    error_of([&] {
        run([&] {
            kept = mioco::this_fiber::stop_token();
            mioco::shutdown();
        });
    });
    EXPECT_TRUE(kept.stop_requested());
    mioco::runtime rt(settings());
    flag parks;
    auto victim = rt.spawn([&] {
        kept = mioco::this_fiber::stop_token();
        parks.raise();
        mioco::sleep_for(1h);
    });
    parks.await();
    rt.stop();
    error_of([&] { victim.join(); });
    EXPECT_TRUE(kept.stop_requested());
}

TEST_P(cancel, is_told_by_a_stop_token_that_is_made_afterwards) {
    run([&] {
        flag inside;
        flag go_on;
        auto victim = mioco::spawn([&] {
            return mioco::shield([&] {
                inside.raise();
                go_on.await();
                return mioco::this_fiber::stop_token().stop_requested();
            });
        });
        inside.await();
        victim.cancel();
        go_on.raise();
        EXPECT_TRUE(victim.join());
    });
}

// Who destroys a callback on the thread that runs it does not wait for it.
TEST(cancel_by_a_stop_token, lets_nobody_run_before_its_callbacks_have_returned) {
    mioco::run(mioco::config{}.workers(1), [] {
        flag parks;
        bool is_inside = false;
        bool ended_inside = false;
        auto victim = mioco::spawn([&] {
            const auto calls = [&] {
                is_inside = true;
                for (int i = 0; i < 1000; ++i)
                    static_cast<void>(mioco::this_fiber::cancel_requested());
                is_inside = false;
            };
            const std::stop_callback counts(mioco::this_fiber::stop_token(), calls);
            parks.raise();
            try {
                mioco::sleep_for(1h);
            } catch (const mioco::fiber_cancelled&) {
                ended_inside = is_inside;
                throw;
            }
        });
        parks.await();
        victim.cancel();
        EXPECT_EQ(error_of([&] { victim.join(); }), cancelled);
        EXPECT_FALSE(ended_inside);
    });
}

TEST(cancel_outside, a_stop_token_never_tells_of_a_stop) {
    EXPECT_FALSE(mioco::this_fiber::stop_token().stop_possible());
    EXPECT_FALSE(mioco::this_fiber::cancel_requested());
}

TEST_P(cancel, of_a_fiber_that_ended_forgets_its_token) {
    run([&] {
        for (int i = 0; i < 1000; ++i)
            mioco::spawn([] { static_cast<void>(mioco::this_fiber::stop_token()); }).join();
        std::stop_token of_ended =
            mioco::spawn([] { return mioco::this_fiber::stop_token(); }).join();
        EXPECT_FALSE(of_ended.stop_requested());
    });
}

}  // namespace
