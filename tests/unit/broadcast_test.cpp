// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::beside;

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
