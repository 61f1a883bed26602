// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::beside;
using mioco_test::counted;
using mioco_test::error_of;

class channel : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(channel);

std::vector<int> received(const mioco::receiver<int>& from) {
    std::vector<int> items;
    for (const int each : from) items.push_back(each);
    return items;
}

std::vector<int> numbers(int count) {
    std::vector<int> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

template <class Channel>
void expect_in_order(Channel ends, int count) {
    auto [in, out] = std::move(ends);
    beside sending([in = std::move(in), count]() mutable {
        for (int i = 0; i < count; ++i) in.send(i);
        in = {};
    });
    EXPECT_EQ(received(out), numbers(count));
    sending.join();
}

constexpr int many = 2'000;

TEST_P(channel, keeps_a_senders_order_at_any_capacity) {
    run([] {
        for (const std::size_t capacity : {0U, 1U, 2U, 3U, 128U})
            expect_in_order(mioco::channel<int>(capacity), many);
        expect_in_order(mioco::unbounded_channel<int>(), many);
    });
}

TEST(channel_outside, keeps_a_senders_order_between_threads) {
    for (const std::size_t capacity : {0U, 1U, 5U})
        expect_in_order(mioco::channel<int>(capacity), 200);
    expect_in_order(mioco::unbounded_channel<int>(), 200);
}

TEST_P(channel, joins_fibers_and_threads_at_either_end) {
    for (const std::size_t capacity : {0U, 1U, 5U}) {
        auto [in, out] = mioco::channel<int>(capacity);
        auto [back, end] = mioco::channel<int>(capacity);
        mioco_test::thread echo([out = out, back = std::move(back)]() mutable {
            for (const int each : out) back.send(each);
            back = {};
        });
        run([&, in = std::move(in), end = std::move(end)] {
            for (int i = 0; i < 200; ++i) {
                in.send(i);
                EXPECT_EQ(end.recv(), i);
            }
        });
        echo.join();
    }
}

TEST_P(channel, loses_and_doubles_nothing_among_many_ends) {
    constexpr int senders = 8;
    constexpr int each = 500;
    for (const std::size_t capacity : {0U, 1U, 16U}) {
        std::vector<std::atomic<int>> seen(std::size_t{senders} * each);
        run([&] {
            auto [in, out] = mioco::channel<int>(capacity);
            std::vector<mioco::join_handle<void>> all;
            for (int s = 0; s < senders; ++s) {
                all.push_back(mioco::spawn([in = in, s] {
                    for (int i = 0; i < each; ++i) in.send(s * each + i);
                }));
                all.push_back(mioco::spawn([out = out, &seen] {
                    for (const int item : out) ++seen[static_cast<std::size_t>(item)];
                }));
            }
            in = {};
            for (auto& one : all) one.join();
        });
        for (const auto& count : seen) EXPECT_EQ(count.load(), 1);
    }
}

// Of three ends of each kind one is a thread's.
TEST(channel_of_both, loses_and_doubles_nothing_among_fibers_and_threads) {
    constexpr int senders = 6;
    constexpr int each = 300;
    for (const std::size_t capacity : {0U, 1U, 16U}) {
        std::vector<std::atomic<int>> seen(std::size_t{senders} * each);
        auto [in, out] = mioco::channel<int>(capacity);
        std::atomic<int> fibers{0};
        std::atomic<int> threads{0};
        std::atomic<int> sending{0};
        std::atomic<int> left{senders};
        mioco_test::run_in_fibers_and_threads(2, 8, 4, [&, &in = in, &out = out] {
            const int number = mioco::this_fiber::in_fiber() ? fibers++ : threads++;
            if (number % 2 == 0) {
                const int first = each * sending++;
                for (int i = 0; i < each; ++i) in.send(first + i);
                if (--left == 0) in.close();
            } else {
                for (const int item : out) ++seen[static_cast<std::size_t>(item)];
            }
        });
        for (const auto& count : seen) EXPECT_EQ(count.load(), 1);
    }
}

TEST_P(channel, moves_items_that_cannot_be_copied) {
    run([] {
        auto [in, out] = mioco::channel<std::unique_ptr<int>>(0);
        beside sending([in = std::move(in)] { in.send(std::make_unique<int>(7)); });
        EXPECT_EQ(**out.recv(), 7);
        EXPECT_EQ(out.recv(), std::nullopt);
        sending.join();
    });
}

TEST(channel_outside, try_send_gives_back_what_is_refused) {
    auto [in, out] = mioco::channel<std::unique_ptr<int>>(1);
    EXPECT_EQ(in.try_send(std::make_unique<int>(1)), std::nullopt);
    auto refused = in.try_send(std::make_unique<int>(2));
    ASSERT_TRUE(refused);
    EXPECT_EQ(**refused, 2);
    EXPECT_EQ(**out.try_recv(), 1);
    EXPECT_EQ(out.try_recv(), std::nullopt);
    EXPECT_FALSE(out.is_exhausted());
    in.close();
    refused = in.try_send(std::move(*refused));
    ASSERT_TRUE(refused);
    EXPECT_EQ(**refused, 2);
    EXPECT_TRUE(out.is_exhausted());
}

TEST(channel_outside, a_rendezvous_takes_nothing_while_nobody_is_there) {
    auto [in, out] = mioco::channel<int>(0);
    EXPECT_EQ(in.try_send(1), 1);
    EXPECT_EQ(out.try_recv(), std::nullopt);
    EXPECT_EQ(in.try_send_for(2, 1ms), 2);
    EXPECT_EQ(out.try_recv_for(1ms), std::nullopt);
}

TEST_P(channel, a_deadline_ends_the_wait_and_gives_the_item_back) {
    run([] {
        auto [in, out] = mioco::channel<std::string>(1);
        in.send("first");
        EXPECT_EQ(in.try_send_for("second", 1ms), "second");
        EXPECT_EQ(in.try_send_until("third", mioco_test::now() - 1s), "third");
        EXPECT_EQ(out.recv(), "first");
        const auto before = mioco_test::now();
        EXPECT_EQ(out.try_recv_for(20ms), std::nullopt);
        EXPECT_GE(mioco_test::now() - before, 20ms);
        EXPECT_EQ(in.try_send_for("fourth", 1h), std::nullopt);
        EXPECT_EQ(out.try_recv_for(1h), "fourth");
    });
}

TEST_P(channel, ends_with_its_last_sender_after_what_is_queued) {
    run([] {
        auto [in, out] = mioco::channel<int>(4);
        auto second = in;
        in.send(1);
        in = {};
        second.send(2);
        EXPECT_EQ(out.sender_count(), 1U);
        second = {};
        EXPECT_EQ(out.sender_count(), 0U);
        EXPECT_EQ(received(out), (std::vector{1, 2}));
    });
}

TEST_P(channel, its_last_sender_wakes_who_waits_to_receive) {
    run([] {
        auto [in, out] = mioco::channel<int>(1);
        beside one([out = out] { EXPECT_EQ(out.recv(), std::nullopt); });
        beside other([out = out] { EXPECT_EQ(out.recv(), std::nullopt); });
        mioco::yield();
        in = {};
        one.join();
        other.join();
    });
}

TEST_P(channel, its_last_receiver_gives_senders_their_items_back) {
    run([] {
        auto [in, out] = mioco::channel<std::unique_ptr<int>>(0);
        beside sending([in = in] {
            try {
                in.send(std::make_unique<int>(5));
                FAIL() << "sent to nobody";
            } catch (const mioco::send_error<std::unique_ptr<int>>& refused) {
                EXPECT_EQ(refused.code(), mioco::errc::channel_closed);
                EXPECT_EQ(*refused.item(), 5);
            }
        });
        mioco::yield();
        out = {};
        sending.join();
        EXPECT_EQ(in.receiver_count(), 0U);
        EXPECT_TRUE(in.is_closed());
    });
}

TEST(channel_outside, what_nobody_receives_is_destroyed_with_the_last_receiver) {
    std::atomic<int> living{0};
    auto [in, out] = mioco::unbounded_channel<std::unique_ptr<counted>>();
    for (int i = 0; i < 100; ++i) in.send(std::make_unique<counted>(living));
    EXPECT_EQ(living, 100);
    out = {};
    EXPECT_EQ(living, 0);
}

TEST(channel_outside, what_nobody_receives_is_destroyed_with_the_channel) {
    std::atomic<int> living{0};
    {
        auto [in, out] = mioco::channel<std::unique_ptr<counted>>(8);
        for (int i = 0; i < 3; ++i) in.send(std::make_unique<counted>(living));
        EXPECT_EQ(in.size(), 3U);
    }
    EXPECT_EQ(living, 0);
}

TEST_P(channel, close_refuses_who_waits_to_send_and_keeps_what_is_queued) {
    run([] {
        auto [in, out] = mioco::channel<int>(1);
        in.send(1);
        beside blocked([in = in] { EXPECT_EQ(in.try_send_for(2, 1h), 2); });
        mioco::yield();
        out.close();
        blocked.join();
        EXPECT_THROW(in.send(3), mioco::send_error<int>);
        EXPECT_EQ(received(out), std::vector{1});
        in.close();
    });
}

TEST_P(channel, a_stopped_fiber_has_sent_and_received_nothing) {
    auto [in, out] = mioco::channel<int>(0);
    mioco_test::flag waits;
    mioco::runtime stopped(settings());
    auto sending = stopped.spawn([in = in, &waits] {
        waits.raise();
        in.send(1);
    });
    auto receiving = stopped.spawn([&waits] {
        auto [unused, empty] = mioco::channel<int>(0);
        waits.await();
        return empty.recv().has_value();
    });
    waits.await();
    mioco_test::block_for(1ms);
    stopped.stop();
    EXPECT_EQ(error_of([&] { sending.join(); }), std::errc::operation_canceled);
    EXPECT_EQ(error_of([&] { receiving.join(); }), std::errc::operation_canceled);
    EXPECT_EQ(out.try_recv(), std::nullopt);
}

TEST_P(channel, a_pair_that_never_waits_lets_others_run) {
    run([] {
        auto [in, out] = mioco::channel<int>(1);
        mioco_test::flag ran;
        auto other = mioco::spawn([&] { ran.raise(); });
        while (!ran.is_raised()) {
            in.send(1);
            EXPECT_EQ(out.recv(), 1);
        }
        other.join();
    });
}

TEST(channel_outside, holds_its_ends_by_value) {
    auto [in, out] = mioco::channel<int>(2);
    const auto same = in;
    EXPECT_EQ(same, in);
    EXPECT_NE(mioco::channel<int>(2).first, in);
    EXPECT_FALSE(mioco::sender<int>());
    EXPECT_FALSE(mioco::receiver<int>());
    EXPECT_EQ(in.capacity(), 2U);
    EXPECT_EQ(out.sender_count(), 2U);
    EXPECT_GT(mioco::unbounded_channel<int>().first.capacity(), 1U << 30);
}

TEST_P(channel, takes_any_deadline) {
    run([] {
        using clock = std::chrono::steady_clock;
        using hours = std::chrono::time_point<clock, std::chrono::hours>;
        auto [in, out] = mioco::channel<int>(1);
        EXPECT_EQ(out.try_recv_until(clock::time_point::min()), std::nullopt);
        EXPECT_EQ(out.try_recv_until(hours::min()), std::nullopt);
        EXPECT_EQ(out.try_recv_for(std::chrono::hours::min()), std::nullopt);
        beside sending([in = in] {
            for (int i = 1; i <= 3; ++i) {
                mioco::sleep_for(1ms);
                in.send(i);
            }
        });
        EXPECT_EQ(out.try_recv_until(clock::time_point::max()), 1);
        EXPECT_EQ(out.try_recv_until(hours::max()), 2);
        EXPECT_EQ(out.try_recv_for(std::chrono::hours::max()), 3);
        sending.join();
    });
}

TEST_P(channel, gives_nothing_once_it_was_seen_exhausted) {
    run([] {
        constexpr int senders = 64;
        for (int i = 0; i < 50; ++i) {
            auto [in, out] = mioco::channel<int>(0);
            std::atomic<int> began{0};
            std::vector<mioco::join_handle<void>> all;
            for (int s = 0; s < senders; ++s) {
                all.push_back(mioco::spawn([in = in, &began] {
                    ++began;
                    static_cast<void>(in.try_send_for(1, 1h));
                }));
            }
            while (began < senders) mioco::yield();
            auto closing = mioco::spawn([in = in] { in.close(); });
            mioco_test::thread looking([out = out] {
                while (!out.is_exhausted()) mioco_test::look_again();
                EXPECT_EQ(out.try_recv(), std::nullopt);
            });
            closing.join();
            for (auto& each : all) each.join();
            looking.join();
        }
    });
}

// A server that keeps the last request's sender while it waits for the next one would wait for ever with its client.
TEST_P(channel, a_loop_over_items_drops_each_before_it_waits_for_the_next) {
    run([] {
        auto [requests, server] = mioco::channel<mioco::sender<int>>(0);
        auto serving = mioco::spawn([server = std::move(server)] {
            for (auto& reply : server) reply.send(7);
        });
        auto [in, out] = mioco::channel<int>(1);
        requests.send(std::move(in));
        EXPECT_EQ(received(out), std::vector{7});
        requests = {};
        serving.join();
    });
}

TEST(channel_outside, loops_over_items_that_cannot_be_assigned) {
    struct fixed {
        const int number;
    };
    auto [in, out] = mioco::channel<fixed>(2);
    for (const int number : {1, 2}) in.send({number});
    in.close();
    int sum = 0;
    for (const auto& each : out) sum += each.number;
    EXPECT_EQ(sum, 3);
}

TEST(channel_outside, an_end_of_no_channel_says_so) {
    auto [in, out] = mioco::channel<int>(1);
    const auto sends = std::move(in);
    const auto receives = std::move(out);
    const auto refused = [](auto call) { return error_of(call) == std::errc::invalid_argument; };
    EXPECT_TRUE(refused([&in = in] { in.send(1); }));
    EXPECT_TRUE(refused([&in = in] { static_cast<void>(in.try_send(1)); }));
    EXPECT_TRUE(refused([&out = out] { static_cast<void>(out.recv()); }));
    EXPECT_TRUE(refused([&out = out] { static_cast<void>(out.try_recv()); }));
    EXPECT_TRUE(refused([&in = in, &out = out] {
        static_cast<void>(mioco::select(out.receiving(), in.sending(1)));
    }));
    in.close();
    out.close();
    EXPECT_TRUE(in.is_closed() && out.is_closed() && out.is_exhausted());
    EXPECT_EQ(in.size() + in.capacity() + in.receiver_count() + out.sender_count(), 0U);
    sends.send(2);
    EXPECT_EQ(receives.recv(), 2);
}

}  // namespace
