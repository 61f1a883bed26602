// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::message_of;

class broadcast : public mioco_test::on_workers {
protected:
    template <class F>
    static void inside_and_outside(F&& f) {
        run(f);
        f();
    }
};
MIOCO_ON_WORKER_COUNTS(broadcast);

TEST_P(broadcast, gives_each_item_to_each_receiver) {
    run([] {
        constexpr int items = 200;
        mioco::broadcast_sender<int> in(items);
        std::vector<mioco::join_handle<void>> all;
        for (int i = 0; i < 8; ++i) {
            all.push_back(mioco::spawn([out = in.subscribe()]() mutable {
                for (int expected = 0; expected < items; ++expected) {
                    auto item = out.recv();
                    ASSERT_TRUE(item);
                    EXPECT_EQ(item->value, expected);
                    EXPECT_EQ(item->missed, 0U);
                }
                EXPECT_FALSE(out.recv());
            }));
        }
        EXPECT_EQ(in.receiver_count(), 8U);
        auto second = in;
        for (int i = 0; i < items; ++i) (i % 2 == 0 ? in : second).send(i);
        {
            const auto last = std::move(in);
            const auto really_last = std::move(second);
        }
        for (auto& each : all) each.join();
    });
}

TEST(broadcast_outside, tells_how_many_were_missed) {
    mioco::broadcast_sender<std::string> in(3);
    in.send("before anybody listens");
    auto out = in.subscribe();
    for (int i = 0; i < 10; ++i) in.send(std::to_string(i));
    auto item = out.try_recv();
    ASSERT_TRUE(item);
    EXPECT_EQ(item->value, "7");
    EXPECT_EQ(item->missed, 7U);
    auto same_place = out;
    item = out.recv();
    EXPECT_EQ(item->value, "8");
    EXPECT_EQ(item->missed, 0U);
    EXPECT_EQ(same_place.recv()->value, "8");
    EXPECT_EQ(out.recv()->value, "9");
    EXPECT_FALSE(out.try_recv());
    EXPECT_FALSE(out.try_recv_for(1ms));
    EXPECT_THROW(mioco::broadcast_sender<int>(0), std::invalid_argument);
}

TEST(broadcast_outside, a_huge_capacity_takes_memory_as_items_come) {
    mioco::broadcast_sender<int> in(std::size_t{1} << 40);
    auto out = in.subscribe();
    for (int i = 0; i < 5000; ++i) in.send(i);
    for (int i = 0; i < 5000; ++i) {
        const auto item = out.recv();
        ASSERT_TRUE(item);
        EXPECT_EQ(item->value, i);
        EXPECT_EQ(item->missed, 0U);
    }
    EXPECT_FALSE(out.try_recv());
}

TEST(broadcast_outside, grows_up_to_its_capacity_and_not_beyond) {
    constexpr int capacity = 1500;  // more than there is room for at first, and no power of two
    mioco::broadcast_sender<int> in(capacity);
    auto all = in.subscribe();
    std::vector<mioco::broadcast_receiver<int>> starts;
    for (int i = 0; i < 2 * capacity + 7; ++i) {
        if (i % 100 == 0) starts.push_back(in.subscribe());
        in.send(i);
    }
    EXPECT_EQ(all.try_recv()->missed, std::uint64_t{capacity + 7});
    for (std::size_t i = 0; i < starts.size(); ++i) {
        const int first = static_cast<int>(i) * 100;
        const auto item = starts[i].try_recv();
        ASSERT_TRUE(item);
        EXPECT_EQ(item->value, std::max(first, capacity + 7));
        EXPECT_EQ(item->missed, static_cast<std::uint64_t>(item->value - first));
    }
}

TEST(broadcast_outside, refuses_a_capacity_that_no_memory_could_hold) {
    const auto make = [] { mioco::broadcast_sender<int> in(static_cast<std::size_t>(-1)); };
    EXPECT_THROW(make(), std::length_error);
    const std::string message = message_of(make);
    EXPECT_NE(message.find(std::to_string(static_cast<std::size_t>(-1))), std::string::npos)
        << message;
    EXPECT_NE(message.find("broadcast"), std::string::npos) << message;
}

// What `call` throws, if it is what the use of a channel's end throws that was moved from.
template <class F>
bool refused(F&& call) {
    return error_of(call) == std::errc::invalid_argument &&
           message_of(call).find("moved from") != std::string::npos;
}

TEST(broadcast_outside, an_end_that_was_moved_from_says_so) {
    mioco::broadcast_sender<int> in(2);
    auto out = in.subscribe();
    const auto sends = std::move(in);
    auto receives = std::move(out);
    EXPECT_TRUE(refused([&] { in.send(1); }));
    EXPECT_TRUE(refused([&] { static_cast<void>(in.subscribe()); }));
    EXPECT_TRUE(refused([&] { static_cast<void>(in.subscribe_from_latest()); }));
    EXPECT_EQ(in.receiver_count(), 0U);
    EXPECT_TRUE(refused([&] { static_cast<void>(out.recv()); }));
    EXPECT_TRUE(refused([&] { static_cast<void>(out.try_recv()); }));
    EXPECT_TRUE(refused([&] { static_cast<void>(out.try_recv_for(1h)); }));
    EXPECT_TRUE(
        refused([&] { static_cast<void>(mioco::select(out.receiving(), mioco::otherwise)); }));
    EXPECT_TRUE(refused([&] { const mioco::any_case made(out.receiving()); }));
    const auto in_too = in;
    auto out_too = out;
    EXPECT_TRUE(refused([&] { static_cast<void>(in_too.subscribe()); }));
    EXPECT_TRUE(refused([&] { static_cast<void>(out_too.recv()); }));
    sends.send(2);
    EXPECT_EQ(receives.recv()->value, 2);
    in = sends;
    in.send(3);
    EXPECT_EQ(receives.recv()->value, 3);
}

TEST(broadcast_outside, an_end_of_a_watch_that_was_moved_from_says_so) {
    mioco::watch_sender<int> in(1);
    auto out = in.subscribe();
    const auto sends = std::move(in);
    auto receives = std::move(out);
    EXPECT_TRUE(refused([&] { in.send(2); }));
    EXPECT_TRUE(refused([&] { static_cast<void>(in.subscribe()); }));
    EXPECT_EQ(in.receiver_count(), 0U);
    EXPECT_TRUE(refused([&] { static_cast<void>(out.get()); }));
    EXPECT_TRUE(refused([&] { static_cast<void>(out.changed()); }));
    EXPECT_TRUE(
        refused([&] { static_cast<void>(mioco::select(out.changing(), mioco::otherwise)); }));
    sends.send(3);
    EXPECT_EQ(*receives.changed(), 3);
}

TEST(broadcast_outside, an_end_of_a_oneshot_that_was_moved_from_says_so) {
    auto [in, out] = mioco::oneshot<int>();
    auto sends = std::move(in);
    auto receives = std::move(out);
    EXPECT_TRUE(in.is_closed());
    EXPECT_TRUE(refused([&in = in] { static_cast<void>(std::move(in).send(1)); }));
    EXPECT_TRUE(refused([&out = out] { static_cast<void>(out.recv()); }));
    EXPECT_TRUE(refused([&out = out] { static_cast<void>(out.try_recv()); }));
    EXPECT_TRUE(refused([&out = out] { static_cast<void>(out.try_recv_for(1h)); }));
    EXPECT_TRUE(refused(
        [&out = out] { static_cast<void>(mioco::select(out.receiving(), mioco::otherwise)); }));
    EXPECT_FALSE(std::move(sends).send(2));
    EXPECT_TRUE(refused([&] { static_cast<void>(std::move(sends).send(3)); }));
    EXPECT_EQ(receives.recv(), 2);
}

TEST(broadcast_outside, a_case_of_a_list_follows_its_receiver) {
    auto in = std::make_unique<mioco::broadcast_sender<int>>(2);
    auto out = in->subscribe();
    std::vector<mioco::any_case> cases;
    cases.emplace_back(out.receiving());
    cases.emplace_back(mioco::otherwise);
    EXPECT_EQ(mioco::select(cases), 1U);
    const mioco::broadcast_sender<int> other(2);
    out = other.subscribe();
    in.reset();  // what the case was made of is no more
    EXPECT_EQ(mioco::select(cases), 1U);
    other.send(4);
    EXPECT_EQ(mioco::select(cases), 0U);
    EXPECT_EQ(cases[0].take<std::optional<mioco::broadcast_item<int>>>()->value, 4);
    auto elsewhere = std::move(out);
    EXPECT_TRUE(refused([&] { mioco::select(cases); }));
    out = std::move(elsewhere);
    EXPECT_EQ(mioco::select(cases), 1U);
}

TEST(any_case, that_was_moved_from_says_so) {
    std::vector<mioco::any_case> cases;
    cases.emplace_back(mioco::after(0s));
    cases.emplace_back(mioco::after(0s));
    mioco::any_case taken = std::move(cases[1]);
    EXPECT_TRUE(refused([&] { mioco::select(cases); }));
    EXPECT_TRUE(refused([&] { cases[1].take<std::monostate>(); }));
    cases[1] = std::move(taken);
    cases[mioco::select(cases)].take<std::monostate>();
}

TEST_P(broadcast, is_a_case_of_select) {
    inside_and_outside([] {
        auto in = std::make_optional<mioco::broadcast_sender<int>>(4U);
        auto out = in->subscribe();
        EXPECT_EQ(mioco::select(out.receiving(), mioco::after(1ms)).index(), 1U);
        beside sending([&] { in->send(3); });
        auto event = mioco::select(out.receiving(), mioco::after(1h));
        ASSERT_EQ(event.index(), 0U);
        EXPECT_EQ(std::get<0>(event)->value, 3);
        sending.join();
        in.reset();
        event = mioco::select(out.receiving(), mioco::after(1h));
        ASSERT_EQ(event.index(), 0U);
        EXPECT_FALSE(std::get<0>(event));
    });
}

TEST_P(broadcast, a_watch_shows_the_latest_value) {
    inside_and_outside([] {
        auto in = std::make_optional<mioco::watch_sender<std::string>>("first");
        auto out = in->subscribe();
        EXPECT_EQ(*out.get(), "first");
        in->send("second");
        in->send("third");
        EXPECT_EQ(*in->subscribe().get(), "third");
        EXPECT_EQ(*out.changed(), "third");
        EXPECT_EQ(*out.get(), "third");
        EXPECT_EQ(mioco::select(out.changing(), mioco::after(1ms)).index(), 1U);
        auto late = in->subscribe();
        EXPECT_EQ(mioco::select(late.changing(), mioco::after(1ms)).index(), 1U);
        beside sending([&] { in->send("fourth"); });
        auto event = mioco::select(out.changing(), mioco::after(1h));
        ASSERT_EQ(event.index(), 0U);
        EXPECT_EQ(*std::get<0>(event), "fourth");
        EXPECT_EQ(*out.get(), "fourth");
        sending.join();
        in.reset();
        EXPECT_EQ(out.changed(), nullptr);
        EXPECT_EQ(*late.get(), "fourth");
    });
}

TEST_P(broadcast, a_oneshot_carries_one_item) {
    inside_and_outside([] {
        auto [in, out] = mioco::oneshot<std::unique_ptr<int>>();
        EXPECT_FALSE(out.try_recv());
        beside sending([in = std::move(in)]() mutable {
            EXPECT_FALSE(std::move(in).send(std::make_unique<int>(1)));
        });
        EXPECT_EQ(**out.recv(), 1);
        sending.join();
        EXPECT_FALSE(out.recv());
        auto dropped = mioco::oneshot<int>();
        {
            const auto gone = std::move(dropped.first);
        }
        EXPECT_FALSE(dropped.second.recv());
        auto refused = mioco::oneshot<int>();
        {
            const auto gone = std::move(refused.second);
        }
        EXPECT_TRUE(refused.first.is_closed());
        EXPECT_EQ(std::move(refused.first).send(7), 7);
    });
}

}  // namespace
