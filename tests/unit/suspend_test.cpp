// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::flag;
using mioco_test::message_of;

class suspended : public mioco_test::anywhere {};
MIOCO_ANYWHERE(suspended);

TEST_P(suspended, goes_on_with_what_is_given_at_once) {
    inside([] {
        EXPECT_EQ(mioco::suspend<int>([](auto caller) { std::move(caller).resume(7); }), 7);
        mioco::suspend([](mioco::resumer<void> caller) {
            EXPECT_TRUE(std::move(caller).resume());
            EXPECT_FALSE(std::move(caller).resume());
        });
        int number = 1;
        EXPECT_EQ(&mioco::suspend<int&>([&](auto caller) { std::move(caller).resume(&number); }),
                  &number);
        EXPECT_EQ(*mioco::suspend<std::unique_ptr<int>>(
                      [](auto caller) { std::move(caller).resume(std::make_unique<int>(3)); }),
                  3);
    });
}

TEST_P(suspended, goes_on_with_what_is_given_later) {
    inside([] {
        std::optional<beside> other;
        const auto text = mioco::suspend<std::string>([&](mioco::resumer<std::string> caller) {
            other.emplace(
                [kept = std::make_shared<mioco::resumer<std::string>>(std::move(caller))] {
                    mioco::sleep_for(1ms);
                    EXPECT_TRUE(std::move(*kept).resume("later"));
                });
        });
        EXPECT_EQ(text, "later");
        other->join();
    });
}

TEST_P(suspended, throws_what_it_is_told_to) {
    inside([] {
        EXPECT_EQ(message_of([] {
                      mioco::suspend<int>([](auto caller) {
                          std::move(caller).fail(std::make_exception_ptr(std::runtime_error("no")));
                      });
                  }),
                  "no");
        EXPECT_EQ(message_of([] {
                      mioco::suspend<int>([](auto) { throw std::runtime_error("not started"); });
                  }),
                  "not started");
    });
}

TEST_P(suspended, throws_when_nobody_will_resume_it) {
    inside([] {
        try {
            mioco::suspend<int>([](auto) {});
            ADD_FAILURE() << "nothing thrown";
        } catch (const std::future_error& e) {
            EXPECT_EQ(e.code(), std::future_errc::broken_promise);
        }
    });
}

TEST_P(suspended, is_left_at_a_deadline) {
    inside([] {
        std::optional<mioco::resumer<int>> kept;
        int hooks = 0;
        const std::string said = message_of([&] {
            mioco::with_deadline(1ms, [&] {
                mioco::suspend<int>([&](mioco::resumer<int> caller) {
                    caller.on_cancel([&] { ++hooks; });
                    kept.emplace(std::move(caller));
                });
            });
        });
        EXPECT_NE(said.find("suspend, as the deadline"), std::string::npos) << said;
        EXPECT_EQ(hooks, 1);
        kept->on_cancel([&] { ++hooks; });
        EXPECT_EQ(hooks, 2);
        EXPECT_FALSE(std::move(*kept).resume(1));
    });
}

TEST(suspended_fiber, is_left_when_it_is_cancelled) {
    mioco::run([] {
        std::optional<mioco::resumer<int>> kept;
        flag waits;
        bool hooked = false;
        auto victim = mioco::spawn([&] {
            mioco::suspend<int>([&](mioco::resumer<int> caller) {
                caller.on_cancel([&] { hooked = true; });
                kept.emplace(std::move(caller));
                waits.raise();
            });
        });
        waits.await();
        victim.cancel();
        EXPECT_EQ(error_of([&] { victim.join(); }), std::errc::operation_canceled);
        EXPECT_TRUE(hooked);
        EXPECT_FALSE(std::move(*kept).fail(nullptr));
    });
}

TEST(suspended_fiber, loses_no_result_to_a_cancel) {
    mioco::run(mioco::config{}.workers(2), [] {
        for (int round = 0; round < 500; ++round) {
            std::atomic<int> given = 0;
            std::atomic<int> got = 0;
            flag started;
            std::optional<mioco::resumer<int>> kept;
            auto victim = mioco::spawn([&] {
                got = mioco::suspend<int>([&](mioco::resumer<int> caller) {
                    kept.emplace(std::move(caller));
                    started.raise();
                });
            });
            started.await();
            auto gives = mioco::spawn([&] {
                if (std::move(*kept).resume(1)) given = 1;
            });
            victim.cancel();
            error_of([&] { victim.join(); });
            gives.join();
            EXPECT_EQ(given, got);
        }
    });
}

TEST(suspended_fiber, is_resumed_by_threads) {
    mioco::run([] {
        std::vector<mioco_test::thread> threads;
        int sum = 0;
        for (int i = 0; i < 100; ++i) {
            sum += mioco::suspend<int>([&](mioco::resumer<int> caller) {
                threads.emplace_back(
                    [kept = std::make_shared<mioco::resumer<int>>(std::move(caller)), i] {
                        std::move(*kept).resume(i);
                    });
            });
        }
        EXPECT_EQ(sum, 4950);
        for (auto& each : threads) each.join();
    });
}

}  // namespace
