// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "sched/current.hpp"
#include "sched/worker.hpp"
#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/echo.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

// Nobody waits for ever because somebody else is busy. Shown by order alone: the busy one goes on until the other was served.

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco_test::connected_pair;
using mioco_test::echo_server;
using mioco_test::flag;
using mioco_test::raw_client;
using mioco_test::read_text;

class fairness : public mioco_test::on_workers {};

TEST_P(fairness, a_flooding_connection_does_not_starve_others) {
    echo_server server(settings());
    flag served;
    raw_client flood(server.address());
    mioco_test::thread sender([&] {
        const std::string block(1 << 16, 'x');
        while (!served.is_raised()) flood.send(block);
        flood.finish();
    });
    mioco_test::thread receiver([&] {
        while (!flood.receive(1 << 16).empty()) {
        }
    });
    for (int i = 0; i < 5; ++i) {
        raw_client polite(server.address());
        for (int k = 0; k < 20; ++k) {
            polite.send("ping");
            EXPECT_EQ(polite.receive(4), "ping");
        }
    }
    served.raise();
    sender.join();
    receiver.join();
}

// Two fibers that never have to wait for each other, as each finds data whenever it looks.
TEST_P(fairness, a_pair_that_is_always_ready_does_not_starve_others) {
    run([] {
        auto [near, far] = connected_pair();
        flag served;
        auto busy = mioco::spawn([&near = near, &far = far, &served] {
            while (!served.is_raised()) {
                far.write_all("x"sv);
                EXPECT_EQ(read_text(near, 1), "x");
            }
        });
        auto listener = tcp_listener::bind("127.0.0.1:0");
        auto polite = mioco::spawn([&] {
            auto client = tcp_stream::connect(listener.local());
            for (int i = 0; i < 20; ++i) {
                client.write_all("ping"sv);
                EXPECT_EQ(read_text(client, 4), "ping");
            }
        });
        mioco_test::echo(listener.accept());
        polite.join();
        served.raise();
        busy.join();
    });
}

// More of them than a worker's queue holds. All take part in one race, so none may lag far behind.
TEST(turns, each_of_many_busy_connections_gets_its_own) {
    constexpr std::size_t connections = 400;
    constexpr int rounds = 50;
    mioco::run(mioco::config{}.workers(1), [] {
        std::vector<mioco_test::stream_pair> pairs;
        while (pairs.size() < connections) pairs.push_back(connected_pair());
        std::array<int, connections> done{};
        bool over = false;
        std::vector<mioco::join_handle<void>> fibers;
        for (std::size_t i = 0; i < connections; ++i) {
            fibers.push_back(mioco::spawn(mioco_test::echo, std::move(pairs[i].far)));
            fibers.push_back(mioco::spawn([&near = pairs[i].near, &mine = done[i], &over] {
                while (!over) {
                    near.write_all("ping"sv);
                    EXPECT_EQ(read_text(near, 4), "ping");
                    over = over || ++mine == rounds;
                }
                near.close();
            }));
        }
        for (auto& each : fibers) each.join();
        EXPECT_GT(*std::ranges::min_element(done), rounds * 9 / 10);
    });
}

MIOCO_ON_WORKER_COUNTS(fairness);

mioco::detail::poller* watcher_of(int descriptor) {
    mioco::detail::poller* found = nullptr;
    mioco::detail::all_fds.for_each([&](mioco::detail::fd_object& fd) {
        if (fd.number.load() == descriptor) found = fd.watcher.load();
    });
    return found;
}

// A connection's events come to the worker on which it first waited. While that one computes, its neighbour looks after them. Which
// worker a fiber gets is open, so it is tried until the computing fiber is where the connection is.
TEST(computing, a_connection_of_the_same_worker_is_answered_meanwhile) {
    mioco::runtime rt(mioco::config{}.workers(2));
    for (int shown = 0; shown < 20;) {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        raw_client client(listener.local());
        auto connection = listener.accept();
        const int number = connection.native_handle();
        auto serving = rt.spawn([connection = std::move(connection)]() mutable {
            mioco_test::echo(std::move(connection));
        });
        client.send("ping");
        ASSERT_EQ(client.receive(4), "ping");
        mioco_test::until_somebody_waits(number);

        flag computing;
        flag answered;
        std::atomic<bool> same_worker{false};
        auto busy = rt.spawn([&] {
            same_worker =
                &mioco::detail::current_thread().on_worker->events() == watcher_of(number);
            computing.raise();
            if (same_worker) answered.await_computing();
        });
        computing.await();
        client.send("pong");
        EXPECT_EQ(client.receive(4), "pong");
        if (same_worker) ++shown;
        answered.raise();
        busy.join();
        client.finish();
        serving.join();
    }
}

// The neighbour has little things to do, so often that each of its sleeps ends with one.
TEST(computing, a_ready_fiber_of_the_same_worker_is_taken_by_a_neighbour_with_little_to_do) {
    mioco::run(mioco::config{}.workers(2), [] {
        flag ticks;
        flag taken;
        auto ticker = mioco::spawn([&] {
            ticks.raise();
            while (!taken.is_raised()) mioco::sleep_for(60us);
        });
        ticks.await_computing();  // so it is the neighbour's
        auto waiting = mioco::spawn([&] { taken.raise(); });
        taken.await_computing();
        waiting.join();
        ticker.join();
    });
}

// Whoever reads it is bound to another worker, and does much else beside.
TEST(descriptor, moves_to_the_worker_of_its_reader) {
    mioco::runtime rt(mioco::config{}.workers(2));
    for (bool moved = false; !moved;) {
        auto [near, far] = connected_pair();
        const int number = near.native_handle();
        mioco::detail::poller* first = nullptr;
        auto first_wait = rt.spawn({.pinned = true}, [&, &near = near] {
            EXPECT_EQ(read_text(near, 1), "x");
            first = &mioco::detail::current_worker()->events();
        });
        mioco_test::until_somebody_waits(number);
        far.write_all("x"sv);
        first_wait.join();
        ASSERT_EQ(watcher_of(number), first);
        rt.spawn({.pinned = true}, [&, &near = near, &far = far] {
              mioco::detail::poller* const here = &mioco::detail::current_worker()->events();
              if (here == first) return;
              for (int i = 0; i < 1000 && watcher_of(number) != here; ++i) {
                  auto sender = mioco::spawn([&far] { far.write_all("x"sv); });
                  EXPECT_EQ(read_text(near, 1), "x");
                  sender.join();
                  for (int k = 0; k < 50; ++k) mioco::sleep_for(1us);
              }
              EXPECT_EQ(watcher_of(number), here);
              moved = true;
          }).join();
    }
}

}  // namespace
