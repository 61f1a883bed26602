// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <alloca.h>
#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "context/sanitizer.hpp"
#include "fiber/fiber.hpp"
#include "sched/current.hpp"
#include "stack/stack_measure.hpp"
#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"

// How deep stacks go. What is counted is the whole process' since its begin, so tests look at what they add, or have names of their own.

namespace {

using namespace std::chrono_literals;
using mioco_test::flag;

mioco::config measuring() { return mioco::config{}.workers(1).measure_stacks(true); }

mioco::stack_use_of_name use_of(const std::string& name) {
    for (const auto& each : mioco::stack_use()) {
        if (each.name == name) return each;
    }
    return {};
}

/// Writes one word so far down, and calls nothing. Returns how far that is from the stack's end.
[[gnu::noinline]] std::size_t go_down(std::size_t bytes) {
    auto* const array = static_cast<volatile std::uint64_t*>(alloca(bytes));
    array[0] = 1;
    const mioco::detail::stack& mine = mioco::detail::current_fiber()->memory;
    return static_cast<std::size_t>(mine.top() - reinterpret_cast<volatile std::byte*>(array));
}

void expect_depth(std::size_t told, std::size_t depth) {
#if defined(MIOCO_ASAN) || defined(MIOCO_TSAN)
    EXPECT_GE(told, depth);  // they call functions of theirs meanwhile
#else
    EXPECT_EQ(told, depth);
#endif
    EXPECT_LT(told, depth + 10'000);
}

TEST(stack_use, is_told_to_the_word) {
    mioco::run(measuring(), [] {
        for (const std::size_t bytes : {30'000U, 30'008U, 100'000U, 200'000U}) {
            const std::string name = "down by " + std::to_string(bytes);
            const std::size_t depth = mioco::spawn({.name = name}, go_down, bytes).join();
            const auto use = use_of(name);
            EXPECT_GE(use.fibers, 1U);
            expect_depth(use.deepest_bytes, depth);
        }
    });
}

TEST(stack_use, counts_no_former_fiber_of_the_same_stack) {
    mioco::run(measuring(), [] {
        const auto down = [](std::size_t bytes) {
            go_down(bytes);
            return mioco::detail::current_fiber()->memory.base;
        };
        auto* const first = mioco::spawn({.name = "deep before"}, down, 200'000U).join();
        auto* const second = mioco::spawn({.name = "flat after"}, down, 16U).join();
        EXPECT_EQ(first, second);
        EXPECT_GE(use_of("deep before").deepest_bytes, 200'000U);
        EXPECT_LT(use_of("flat after").deepest_bytes, 30'000U);
        EXPECT_GT(use_of("flat after").deepest_bytes, 0U);
    });
}

TEST(stack_use, is_that_of_the_deepest_of_a_name) {
    mioco::run(measuring(), [] {
        const auto before = use_of("of a name").fibers;
        std::size_t deepest = 0;
        for (const std::size_t bytes : {16U, 60'000U, 20'000U}) {
            deepest = std::max(deepest, mioco::spawn({.name = "of a name"}, go_down, bytes).join());
        }
        EXPECT_EQ(use_of("of a name").fibers, before + 3);
        expect_depth(use_of("of a name").deepest_bytes, deepest);
        const auto all = mioco::stack_use();
        EXPECT_TRUE(std::ranges::is_sorted(all, std::greater<>(),
                                           &mioco::stack_use_of_name::deepest_bytes));
    });
}

TEST(stack_use, counts_those_who_live) {
    mioco::run(measuring(), [] {
        mioco::latch down(1);
        mioco::latch end(1);
        const auto before = use_of("lives").fibers;
        auto lives = mioco::spawn({.name = "lives"}, [&] {
            const std::size_t depth = go_down(70'000);
            down.count_down();
            end.wait();
            return depth;
        });
        down.wait();
        const auto use = use_of("lives");
        EXPECT_EQ(use.fibers, before + 1);
        end.count_down();
        expect_depth(use.deepest_bytes, lives.join());
        EXPECT_EQ(use_of("lives").fibers, before + 1);
    });
}

TEST(stack_use, is_that_of_a_stack_of_its_own_size) {
    mioco::run(measuring(), [] {
        const std::size_t depth =
            mioco::spawn({.name = "large", .stack_size_bytes = std::size_t{1} << 20}, go_down,
                         900'000U)
                .join();
        expect_depth(use_of("large").deepest_bytes, depth);
    });
}

TEST(stack_use, is_not_measured_unless_asked_for) {
    mioco::run(mioco::config{}.workers(1), [] {
        mioco::spawn({.name = "not measured"}, go_down, 16U).join();
        EXPECT_EQ(use_of("not measured").fibers, 0U);
    });
    EXPECT_FALSE(mioco::config{}.measure_stacks());
}

TEST(stack_use, is_measured_if_the_environment_says_so) {
    const mioco_test::scoped_environment set("MIOCO_MEASURE_STACKS", "1");
    mioco::run(mioco::config{}.workers(1), [] {
        mioco::spawn({.name = "by the environment"}, go_down, 16U).join();
        EXPECT_GE(use_of("by the environment").fibers, 1U);
    });
    const mioco_test::scoped_environment wrong("MIOCO_MEASURE_STACKS", "yes");
    EXPECT_NE(mioco_test::message_of([] {
                  const mioco::runtime refused;
              }).find("MIOCO_MEASURE_STACKS = \"yes\": allowed is 0 or 1"),
              std::string::npos);
}

TEST(stack_use, of_too_many_names_is_told_together) {
    mioco::detail::stack_records all;
    for (std::size_t i = 0; i < 1010; ++i)
        mioco::detail::add_record(all, "client " + std::to_string(i), i);
    mioco::detail::add_record(all, "client 7", 5);
    EXPECT_EQ(all.size(), 1001U);
    EXPECT_EQ(all.find("(other names)")->second.fibers, 10U);
    EXPECT_EQ(all.find("(other names)")->second.deepest_bytes, 1009U);
    EXPECT_EQ(all.find("client 7")->second.fibers, 2U);
    EXPECT_EQ(all.find("client 7")->second.deepest_bytes, 7U);
}

class stack_use_on : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(stack_use_on);

TEST_P(stack_use_on, while_fibers_come_and_go) {
    mioco::runtime rt(settings().measure_stacks(true).stack_size(32 * 1024));
    flag end;
    std::vector<mioco::join_handle<void>> fibers;
    for (int i = 0; i < 4; ++i) {
        fibers.push_back(rt.spawn([&] {
            while (!end.is_raised()) {
                auto named = mioco::spawn({.name = "comes and goes"}, [] { mioco::yield(); });
                mioco::spawn({.name = "comes and goes"}, [] { mioco::sleep_for(1us); }).join();
                named.join();
            }
        }));
    }
    for (int i = 0; i < 20; ++i) {
        EXPECT_LE(use_of("comes and goes").deepest_bytes, 32U * 1024);
        rt.spawn([] { static_cast<void>(mioco::stack_use()); }).join();
    }
    end.raise();
    for (auto& each : fibers) each.join();
}

}  // namespace
