// SPDX-License-Identifier: MPL-2.0
// The original's tests of channels, by name.
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/process.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::captured_stderr;

class channels : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(channels);

constexpr int items = 10;

void expect_items(const mioco::receiver<int>& out, std::chrono::milliseconds pause = 0ms) {
    for (int i = 0; i < items; ++i) {
        if (pause > 0ms) mioco::sleep_for(pause);
        EXPECT_EQ(out.recv(), i);
    }
}

void send_items(const mioco::sender<int>& in, std::chrono::milliseconds pause = 0ms) {
    for (int i = 0; i < items; ++i) {
        if (pause > 0ms) mioco::sleep_for(pause);
        in.send(i);
    }
}

TEST_P(channels, channel_disconnect_on_sender_drop) {
    const captured_stderr silent;
    run([] {
        auto [in, out] = mioco::unbounded_channel<int>();
        mioco::spawn([in = std::move(in)] {
            in.send(1);
            mioco::sleep_for(10ms);
            throw std::runtime_error("with its sender");
        });
        EXPECT_TRUE(out.recv());
        EXPECT_FALSE(out.recv());
    });
}

TEST_P(channels, channel_disconnect_on_sender_drop_many) {
    const captured_stderr silent;
    run([] {
        auto [in, out] = mioco::unbounded_channel<int>();
        for (int i = 0; i < 10; ++i) {
            mioco::spawn([in = in, i] {
                if (i % 3 == 0) mioco::sleep_for(10ms);
                in.send(i);
                if (i % 2 == 0) throw std::runtime_error("with its sender");
            });
        }
        in = {};
        for (int i = 0; i < 10; ++i) EXPECT_TRUE(out.recv());
        EXPECT_FALSE(out.recv());
    });
}

template <class Ends>
void ping_pong(Ends&& to, Ends&& back) {
    for (int i = 0; i < items; ++i) {
        to.first.send(i);
        EXPECT_EQ(back.second.recv(), i);
    }
}

void answer(const mioco::receiver<int>& from, const mioco::sender<int>& to) {
    for (const int each : from) to.send(each);
}

TEST(channels_once, mpsc_outside_outside) {
    auto to = mioco::unbounded_channel<int>();
    auto back = mioco::unbounded_channel<int>();
    mioco_test::thread other([&] { answer(to.second, back.first); });
    ping_pong(to, back);
    to.first = {};
    other.join();
}

TEST(channels_once, mpsc_inside_outside) {
    auto to = mioco::unbounded_channel<int>();
    auto back = mioco::unbounded_channel<int>();
    auto other = mioco::spawn([from = to.second, in = back.first] { answer(from, in); });
    ping_pong(to, back);
    to.first = {};
    other.join();
}

TEST_P(channels, mpsc_inside_inside) {
    bool sent = false;
    bool received = false;
    run([&] {
        auto [in, out] = mioco::unbounded_channel<int>();
        auto receiving = mioco::spawn([&, out = std::move(out)] { received = out.recv() == 1; });
        auto sending = mioco::spawn([&, in = std::move(in)] {
            in.send(1);
            sent = true;
        });
        receiving.join();
        sending.join();
    });
    EXPECT_TRUE(sent);
    EXPECT_TRUE(received);
}

// A second a receipt in the original: what it shows is that the sender has to wait, which milliseconds do as well.
TEST(channels_once, mpsc_sync_outside_outside) {
    auto [in, out] = mioco::channel<int>(3);
    mioco_test::thread sending([in = std::move(in)] { send_items(in); });
    expect_items(out, 5ms);
    sending.join();
}

TEST(channels_once, mpsc_sync_inside_outside) {
    {
        auto [in, out] = mioco::channel<int>(3);
        auto sending = mioco::spawn([in = std::move(in)] { send_items(in); });
        expect_items(out, 5ms);
        sending.join();
    }
    auto [in, out] = mioco::channel<int>(3);
    auto receiving = mioco::spawn([out = std::move(out)] { expect_items(out); });
    send_items(in, 5ms);
    receiving.join();
}

TEST_P(channels, mpsc_sync_inside_inside) {
    run([] {
        auto [in, out] = mioco::channel<int>(5);
        auto sending = mioco::spawn([in = std::move(in)] { send_items(in); });
        for (int i = 0; i < items; ++i) {
            if (i % 2 == 0) {
                EXPECT_EQ(out.recv(), i);
            } else {
                EXPECT_EQ(std::get<0>(mioco::select(out.receiving())), i);
            }
        }
        sending.join();
    });
}

}  // namespace
