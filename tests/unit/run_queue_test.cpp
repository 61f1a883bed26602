// SPDX-License-Identifier: MPL-2.0
#include "sched/run_queue.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "support/sizes.hpp"

namespace {

struct item {
    std::atomic<int> taken{0};
};
using queue = mioco::detail::basic_run_queue<item, 8>;
using loot = std::array<item*, queue::most_stolen>;

TEST(run_queue, is_in_order_and_bounded) {
    queue q;
    std::array<item, 9> items;
    EXPECT_TRUE(q.empty());
    EXPECT_EQ(q.pop(), nullptr);
    for (int round = 0; round < 5; ++round) {
        for (std::size_t i = 0; i < 8; ++i) EXPECT_TRUE(q.push(&items[i]));
        EXPECT_FALSE(q.push(&items[8]));
        for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(q.pop(), &items[i]);
        EXPECT_EQ(q.pop(), nullptr);
    }
}

TEST(run_queue, gives_thieves_the_older_half_rounded_up) {
    queue q;
    std::array<item, 8> items;
    loot out{};
    EXPECT_EQ(q.steal(out), 0U);
    for (std::size_t i = 0; i < 5; ++i) q.push(&items[i]);
    ASSERT_EQ(q.steal(out), 3U);
    EXPECT_EQ(out[0], &items[0]);
    EXPECT_EQ(out[2], &items[2]);
    EXPECT_EQ(q.pop(), &items[3]);
    ASSERT_EQ(q.steal(out), 1U);
    EXPECT_EQ(out[0], &items[4]);
    EXPECT_TRUE(q.empty());
}

TEST(run_queue, gives_thieves_nothing_from_a_position_on) {
    queue q;
    std::array<item, 8> items;
    loot out{};
    q.push(&items[0]);
    q.push(&items[1]);
    const auto position = q.position();
    q.push(&items[2]);
    q.push(&items[3]);
    EXPECT_EQ(q.steal(out, position), 1U);
    EXPECT_EQ(q.steal(out, position), 1U);
    EXPECT_EQ(q.steal(out, position), 0U);
    EXPECT_EQ(q.pop(), &items[2]);
}

TEST(run_queue, gives_each_item_once_to_owner_or_thief) {
    const std::size_t count = mioco_test::here(mioco_test::queue_items);
    const auto items = std::make_unique<item[]>(count);
    queue q;
    std::atomic<bool> finished = false;
    std::vector<std::thread> thieves;
    for (int t = 0; t < 2; ++t) {
        thieves.emplace_back([&] {
            loot out{};
            while (!finished) {
                const std::size_t stolen = q.steal(out);
                for (std::size_t i = 0; i < stolen; ++i) ++out[i]->taken;
            }
        });
    }
    std::size_t pushed = 0;
    while (pushed < count) {
        if (q.push(&items[pushed])) ++pushed;
        if (pushed % 3 == 0) {
            if (item* const mine = q.pop()) ++mine->taken;
        }
    }
    while (item* const mine = q.pop()) ++mine->taken;
    finished = true;
    for (auto& each : thieves) each.join();
    EXPECT_TRUE(
        std::all_of(items.get(), items.get() + count, [](const item& i) { return i.taken == 1; }));
}

}  // namespace
