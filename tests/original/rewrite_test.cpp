// SPDX-License-Identifier: MPL-2.0
// The tests of the original's rewrite (0.9), by name. It had one instance a process, as the default runtime is.
#include <chrono>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/sizes.hpp"
#include "support/world.hpp"

namespace {

constexpr int items = 10;

void send_items(const mioco::sender<int>& in) {
    for (int i = 0; i < items; ++i) in.send(i);
}

void expect_items(const mioco::receiver<int>& out) {
    for (int i = 0; i < items; ++i) EXPECT_EQ(out.recv(), i);
}

TEST(rewrite, tx_rx_outside_mioco) {
    auto [in, out] = mioco::unbounded_channel<int>();
    mioco_test::thread sending([in = in] { send_items(in); });
    expect_items(out);
    sending.join();
}

TEST(rewrite, tx_outside_rx_inside_mioco) {
    auto [in, out] = mioco::unbounded_channel<int>();
    auto [done, told] = mioco::unbounded_channel<bool>();
    send_items(in);
    mioco::spawn([out = out, done = done] {
        expect_items(out);
        done.send(true);
    });
    EXPECT_EQ(told.recv(), true);
}

TEST(rewrite, tx_inside_rx_inside_mioco) {
    auto [in, out] = mioco::unbounded_channel<int>();
    auto receiving = mioco::spawn([out = out] { expect_items(out); });
    auto sending = mioco::spawn([in = in] { send_items(in); });
    receiving.join();
    sending.join();
}

TEST(rewrite, sync_tx_rx_outside_mioco) {
    auto [in, out] = mioco::channel<int>(5);
    mioco_test::thread sending([in = in] { send_items(in); });
    expect_items(out);
    sending.join();
}

TEST(rewrite, sync_tx_outside_rx_inside_mioco) {
    auto [in, out] = mioco::channel<int>(5);
    mioco_test::thread sending([in = in] { send_items(in); });
    mioco::spawn([out = out] { expect_items(out); }).join();
    sending.join();
}

TEST(rewrite, sync_tx_inside_rx_inside_mioco) {
    auto [in, out] = mioco::channel<int>(5);
    auto sending = mioco::spawn([in = in] { send_items(in); });
    auto receiving = mioco::spawn([out = out] { expect_items(out); });
    sending.join();
    receiving.join();
}

constexpr int members = 64;

void count_in_fibers(mioco::mutex& guard, std::size_t& counter, std::size_t rounds) {
    std::vector<mioco::join_handle<void>> all;
    for (int i = 0; i < members; ++i) {
        all.push_back(mioco::spawn([&, rounds] {
            for (std::size_t n = 0; n < rounds; ++n) {
                const std::scoped_lock held(guard);
                ++counter;
            }
        }));
    }
    for (auto& each : all) each.join();
}

TEST(rewrite, mioco_mutex_basic) {
    mioco::mutex guard;
    std::size_t counter = 0;
    const std::size_t rounds = here(mioco_test::locked_increments);
    count_in_fibers(guard, counter, rounds);
    EXPECT_EQ(counter, members * rounds);
}

TEST(rewrite, mioco_and_threads_mutex_basic) {
    mioco::mutex guard;
    std::size_t counter = 0;
    const std::size_t rounds = here(mioco_test::locked_increments);
    std::vector<mioco_test::thread> threads;
    for (int i = 0; i < members; ++i) {
        threads.emplace_back([&] {
            for (std::size_t n = 0; n < rounds; ++n) {
                const std::scoped_lock held(guard);
                ++counter;
            }
        });
    }
    count_in_fibers(guard, counter, rounds);
    for (auto& each : threads) each.join();
    EXPECT_EQ(counter, 2 * members * rounds);
}

}  // namespace
