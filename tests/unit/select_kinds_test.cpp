// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/world.hpp"

// What holds for cases of every kind, mixed, in fibers and on plain threads.

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco::after;
using mioco_test::beside;

class select_kinds : public mioco_test::anywhere {};
INSTANTIATE_TEST_SUITE_P(on, select_kinds, testing::Values(0U, 1U, 2U), mioco_test::place_name);

// All of its cases are ready each time. By chance alone one of them stays below half of its share about once in 10^40 runs.
template <std::size_t Cases, class Select>
void expect_each_gets_its_share(Select select) {
    constexpr int rounds = 800 * static_cast<int>(Cases);
    std::array<int, Cases> won{};
    for (int i = 0; i < rounds; ++i) ++won[select()];
    for (const int each : won) EXPECT_GT(each, 400);
}

TEST_P(select_kinds, a_descriptor_has_its_share_beside_times) {
    inside([] {
        auto [near, far] = mioco_test::connected_pair();
        far.write_all("x"sv);
        mioco::select(near.readable());
        const mioco::timer expired;
        expect_each_gets_its_share<4>([&, &near = near] {
            return mioco::select(expired.expiring(), near.readable(), after(0s), near.writable())
                .index();
        });
    });
}

TEST_P(select_kinds, a_descriptor_has_its_share_beside_a_channel_that_is_never_empty) {
    inside([] {
        auto [near, far] = mioco_test::connected_pair();
        far.write_all("x"sv);
        mioco::select(near.readable());
        auto [in, out] = mioco::channel<int>(1);
        in.send(0);
        expect_each_gets_its_share<3>([&, &in = in, &out = out, &near = near] {
            const auto won = mioco::select(out.receiving(), near.readable(), after(0s)).index();
            if (won == 0) in.send(0);
            return won;
        });
    });
}

TEST_P(select_kinds, each_of_a_list_has_its_share) {
    inside([] {
        auto [near, far] = mioco_test::connected_pair();
        far.write_all("x"sv);
        mioco::select(near.readable());
        auto [in, out] = mioco::channel<int>(1);
        in.send(0);
        mioco::event raised;
        raised.notify();
        const mioco::timer expired;
        std::vector<mioco::any_case> cases;
        cases.emplace_back(out.receiving());
        cases.emplace_back(expired.expiring());
        cases.emplace_back(near.readable());
        cases.emplace_back(raised.waiting());
        expect_each_gets_its_share<4>([&, &in = in] {
            const auto won = mioco::select(cases);
            if (won == 0) in.send(0);
            if (won == 3) raised.notify();
            return won;
        });
    });
}

// What the others do comes after a moment. Without it the select might not wait yet, which proves less.
template <class F>
beside soon(F f) {
    return beside([f = std::move(f)]() mutable {
        mioco::sleep_for(1ms);
        f();
    });
}

TEST_P(select_kinds, each_is_waited_for) {
    inside([] {
        mioco_test::flag go;
        auto job = mioco::spawn([&] {
            go.await();
            return 7;
        });
        auto letting = soon([&] { go.raise(); });
        EXPECT_EQ(std::get<0>(mioco::select(job.joining(), after(1h))), 7);
        letting.join();

        mioco::mutex guard;
        guard.lock();
        auto unlocking = soon([&] { guard.unlock(); });
        EXPECT_TRUE(std::get<0>(mioco::select(guard.locking(), after(1h))).owns_lock());
        unlocking.join();

        mioco::wait_group work(1);
        auto working = soon([&] { work.done(); });
        EXPECT_EQ(mioco::select(work.waiting(), after(1h)).index(), 0U);
        working.join();

        const mioco::timer timer(2ms);
        EXPECT_EQ(mioco::select(timer.expiring(), after(1h)).index(), 0U);
        EXPECT_TRUE(timer.expired());

        mioco::interval ticks(1ms);
        const auto first = ticks.next();
        for (int i = 0; i < 5; ++i) {
            EXPECT_EQ(std::get<0>(mioco::select(ticks.ticking(), after(1h))), first + i * 1ms);
            EXPECT_GE(mioco_test::now(), first + i * 1ms);
        }
    });
}

TEST_P(select_kinds, an_object_of_any_kind_may_stand_in_it_twice) {
    inside([] {
        mioco::mutex guard;
        guard.lock();
        auto unlocking = soon([&] { guard.unlock(); });
        {
            const auto event = mioco::select(guard.locking(), guard.locking(), after(1h));
            EXPECT_NE(event.index(), 2U);
            EXPECT_FALSE(guard.try_lock());
        }
        unlocking.join();
        EXPECT_TRUE(guard.try_lock());
        guard.unlock();

        auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
        auto connecting = soon([&] { mioco::net::tcp_stream::connect(listener.local()); });
        EXPECT_NE(mioco::select(listener.accepting(), listener.accepting(), after(1h)).index(), 2U);
        connecting.join();
        EXPECT_FALSE(listener.try_accept());

        const mioco::timer timer(2ms);
        EXPECT_NE(mioco::select(timer.expiring(), timer.expiring(), after(1h)).index(), 2U);
        EXPECT_TRUE(timer.expired());

        const mioco::broadcast_sender<int> news(4);
        auto hearing = news.subscribe();
        auto telling = soon([&] { news.send(5); });
        auto event = mioco::select(hearing.receiving(), hearing.receiving(), after(1h));
        EXPECT_NE(event.index(), 2U);
        telling.join();
        EXPECT_FALSE(hearing.try_recv());

        mioco::counting_semaphore<4> permits(0);
        auto giving = soon([&] { permits.release(2); });
        EXPECT_NE(mioco::select(permits.acquiring(), permits.acquiring(), after(1h)).index(), 2U);
        giving.join();
        EXPECT_TRUE(permits.try_acquire());
        EXPECT_FALSE(permits.try_acquire());
    });
}

// From hand to hand an item goes to who is in line, so the first one tells that the select waits; nothing may go to its losing arm.
// The library uses what it keeps of a descriptor again for another one.
TEST_P(select_kinds, a_descriptor_is_waited_for_in_the_place_of_another) {
    inside([] {
        for (int round = 0; round < 3; ++round) {
            auto [near, far] = mioco_test::connected_pair();
            auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
            EXPECT_EQ(mioco::select(near.readable(), listener.accepting(), after(1ms)).index(), 2U);
        }
    });
}

TEST_P(select_kinds, one_that_waited_takes_an_item_from_one_channel_alone) {
    inside([] {
        for (int i = 0; i < 200; ++i) {
            auto [in, out] = mioco::channel<int>(0);
            auto [other_in, other_out] = mioco::channel<int>(0);
            beside waiting([out = out, other_out = other_out] {
                const auto event = mioco::select(out.receiving(), other_out.receiving());
                EXPECT_EQ(std::get<0>(event), 1);
            });
            mioco_test::wait_for([&, &in = in] { return !in.try_send(1); });
            EXPECT_EQ(other_in.try_send(2), 2);
            waiting.join();
        }
    });
}

TEST_P(select_kinds, one_that_waited_leaves_the_other_channel_its_item) {
    inside([] {
        for (int i = 0; i < 200; ++i) {
            auto [in, out] = mioco::channel<int>(1);
            auto [other_in, other_out] = mioco::channel<int>(1);
            mioco_test::flag waits;
            beside waiting([&, out = out, other_out = other_out] {
                waits.raise();
                mioco::select(out.receiving(), other_out.receiving());
            });
            waits.await();
            in.send(1);
            other_in.send(2);
            waiting.join();
            EXPECT_EQ(out.size() + other_out.size(), 1U);
        }
    });
}

TEST_P(select_kinds, one_that_waited_gives_an_item_to_one_channel_alone) {
    inside([] {
        for (int i = 0; i < 200; ++i) {
            auto [in, out] = mioco::channel<int>(0);
            auto [other_in, other_out] = mioco::channel<int>(0);
            beside waiting([in = in, other_in = other_in] {
                EXPECT_EQ(mioco::select(in.sending(1), other_in.sending(2)).index(), 0U);
            });
            mioco_test::wait_for([&out = out] { return out.try_recv() == 1; });
            EXPECT_EQ(other_out.try_recv(), std::nullopt);
            waiting.join();
        }
    });
}

TEST_P(select_kinds, a_list_has_65000_cases_at_most) {
    inside([] {
        std::deque<mioco::event> news(65'000);
        std::vector<mioco::any_case> cases;
        for (mioco::event& each : news) cases.emplace_back(each.waiting());
        auto telling = soon([&] { news[64'998].notify(); });
        EXPECT_EQ(mioco::select(cases), 64'998U);
        telling.join();
        cases.emplace_back(after(0s));
        try {
            mioco::select(cases);
            ADD_FAILURE() << "65001 cases were taken";
        } catch (const std::system_error& e) {
            EXPECT_EQ(e.code(), std::errc::argument_list_too_long);
            EXPECT_NE(std::string_view(e.what()).find("65000 cases at most, not 65001"),
                      std::string_view::npos)
                << e.what();
        }
    });
}

}  // namespace
