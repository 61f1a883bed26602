// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

// Several who wait on one stream, and what becomes of them when some are cancelled. The first waits in the side's slot, the
// others in its queue.

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco::detail::side;
using mioco::net::direction;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco_test::beside;
using mioco_test::connected_pair;
using mioco_test::narrow_pair;
using mioco_test::pattern;
using mioco_test::raw_client;
using mioco_test::read_some;
using mioco_test::read_text;
using mioco_test::until_somebody_waits;
using mioco_test::wait_for;

class waiters : public mioco_test::anywhere {};

TEST_P(waiters, each_gets_a_part) {
    inside([] {
        constexpr int readers = 10;
        auto [near, far] = connected_pair();
        std::atomic<int> sum{0};
        std::atomic<int> ended{0};
        std::vector<beside> reading;
        for (int i = 0; i < readers; ++i) {
            reading.emplace_back([&near = near, &sum, &ended] {
                char one[1];
                EXPECT_EQ(near.read(one), 1U);
                sum += one[0];
                ++ended;
            });
        }
        until_somebody_waits(near.native_handle());
        for (char i = 1; i <= readers; ++i) {
            far.write_all(std::string_view(&i, 1));
            wait_for([&] { return ended == i; });
        }
        for (auto& each : reading) each.join();
        EXPECT_EQ(sum, readers * (readers + 1) / 2);
    });
}

TEST_P(waiters, all_see_the_end_of_the_stream) {
    inside([] {
        auto [near, far] = connected_pair();
        std::vector<beside> reading;
        for (int i = 0; i < 10; ++i) {
            reading.emplace_back([&near = near] { EXPECT_EQ(read_some(near), ""); });
        }
        until_somebody_waits(near.native_handle());
        far.shutdown(direction::write);
        for (auto& each : reading) each.join();
    });
}

TEST_P(waiters, all_writers_get_their_turn) {
    inside([] {
        constexpr std::size_t each_size = 100'000;
        auto [near, far] = narrow_pair();
        std::vector<beside> writing;
        for (char name = 'a'; name < 'f'; ++name) {
            writing.emplace_back(
                [&near = near, name] { near.write_all(std::string(each_size, name)); });
        }
        until_somebody_waits(near.native_handle(), side::write);
        const std::string all = read_text(far, 5 * each_size);
        for (char name = 'a'; name < 'f'; ++name) {
            EXPECT_EQ(static_cast<std::size_t>(std::count(all.begin(), all.end(), name)),
                      each_size);
        }
        for (auto& each : writing) each.join();
    });
}

MIOCO_ANYWHERE(waiters);

class cancelled_waiters : public mioco_test::on_workers {};

// Of two runtimes' fibers that wait on one stream, those of one are stopped, wherever they stand in the queue.
TEST_P(cancelled_waiters, the_others_still_get_what_comes) {
    for (int round = 0; round < 20; ++round) {
        constexpr int of_each = 5;
        auto [near, far] = connected_pair();
        std::atomic<int> received{0};
        std::atomic<int> cancelled{0};
        mioco::runtime staying(settings());
        mioco::runtime stopped(settings());
        std::vector<mioco::join_handle<void>> stay;
        std::vector<mioco::join_handle<void>> stop;
        for (int i = 0; i < of_each; ++i) {
            stop.push_back(stopped.spawn([&near = near, &cancelled, i] {
                char one[1];
                if (i % 2 == 0) {
                    std::error_code ec;
                    near.read(one, ec);
                    EXPECT_EQ(ec, std::errc::operation_canceled);
                    ++cancelled;
                } else {
                    near.read(one);
                }
            }));
            // Now and then the first in line is one that goes, now and then one that stays.
            if (i == 0 && round % 2 == 0) until_somebody_waits(near.native_handle());
            stay.push_back(staying.spawn([&near = near, &received] {
                char one[1];
                received += static_cast<int>(near.read(one));
            }));
        }
        until_somebody_waits(near.native_handle());
        stopped.stop();
        stopped.wait();
        EXPECT_EQ(received, 0);
        for (auto& each : stop) {
            try {
                each.join();
            } catch (const std::system_error& e) {
                EXPECT_EQ(e.code(), std::errc::operation_canceled);
                ++cancelled;
            }
        }
        EXPECT_EQ(cancelled, of_each);
        for (int i = 1; i <= of_each; ++i) {
            far.write_all("x"sv);
            wait_for([&] { return received == i; });
        }
        for (auto& each : stay) each.join();
    }
}

unsigned connections_waiting_at(const tcp_listener& listener) {
    tcp_info info{};
    socklen_t size = sizeof info;
    getsockopt(listener.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size);
    return info.tcpi_unacked;  // of a listening socket: those in its queue
}

TEST_P(cancelled_waiters, a_stop_ends_every_kind_of_wait) {
    auto [near, far] = narrow_pair();
    auto listener = tcp_listener::bind("127.0.0.1:0");
    // Its queue is full, so that no further connection is made.
    auto full = tcp_listener::bind("127.0.0.1:0", {.backlog = 0});
    const raw_client first(full.local());
    wait_for([&] { return connections_waiting_at(full) == 1; });
    std::atomic<int> started{0};
    std::atomic<int> ended{0};
    mioco::runtime rt(settings());
    const auto spawn_wait = [&](auto wait) {
        static_cast<void>(rt.spawn([&started, &ended, wait] {
            ++started;
            std::error_code ec;
            wait(ec);
            EXPECT_EQ(ec, std::errc::operation_canceled);
            ++ended;
        }));
    };
    char buffer[10];
    spawn_wait([&](std::error_code& ec) { near.read(buffer, ec); });
    spawn_wait([&](std::error_code& ec) { near.read_lease(ec); });
    spawn_wait([&](std::error_code& ec) { near.read_exactly(buffer, ec); });
    spawn_wait([&](std::error_code& ec) { near.readable().wait(ec); });
    spawn_wait([&](std::error_code& ec) { near.write_all(pattern(8 << 20), ec); });
    spawn_wait([&](std::error_code& ec) {
        // What was sent may still be on its way, so that there is room again now and then.
        for (near.writable().wait(ec); !ec; near.writable().wait(ec)) near.try_write(pattern(1024));
    });
    spawn_wait([&](std::error_code& ec) { listener.accept(ec); });
    spawn_wait([&](std::error_code& ec) { tcp_stream::connect(full.local(), ec); });
    wait_for([&] { return started == 8; });  // a fiber that is stopped before it starts never does
    until_somebody_waits(near.native_handle());
    until_somebody_waits(near.native_handle(), side::write);
    until_somebody_waits(listener.native_handle());
    rt.stop();
    rt.wait();
    EXPECT_EQ(ended, 8);
    EXPECT_TRUE(near.is_open()) << "cancelling a wait leaves the connection alone";
}

TEST_P(cancelled_waiters, what_was_stopped_has_taken_nothing) {
    for (int i = 0; i < 50; ++i) {
        auto [near, far] = connected_pair();
        std::string taken;
        mioco::runtime rt(settings());
        static_cast<void>(rt.spawn([&near = near, &taken] { taken = read_text(near, 4); }));
        if (i % 2 == 0) until_somebody_waits(near.native_handle());
        // The data and the stop are on their way at once: it is read or it is left, whole.
        mioco_test::thread writer([&far = far] { far.write_all("data"sv); });
        rt.stop();
        rt.wait();
        writer.join();
        far.shutdown(direction::write);
        std::string left;
        for (std::string part = read_some(near); !part.empty(); part = read_some(near))
            left += part;
        EXPECT_EQ(taken + left, "data");
    }
}

MIOCO_ON_WORKER_COUNTS(cancelled_waiters);

// Objects of a thread that are destroyed after all that the library keeps for it, as they were made before.
struct waits_at_the_end {
    bool wanted = false;
    std::atomic<int>* living = nullptr;
    waits_at_the_end() = default;
    waits_at_the_end(const waits_at_the_end&) = delete;
    waits_at_the_end& operator=(const waits_at_the_end&) = delete;
    ~waits_at_the_end() {
        if (!wanted) return;
        mioco::event never;
        EXPECT_FALSE(never.wait_for(1us));
        mioco::fiber_local<mioco_test::counted> value(
            [this] { return mioco_test::counted(*living); });
        static_cast<void>(value.get());
        EXPECT_EQ(*living, 1);
    }
};
thread_local waits_at_the_end made_first;

TEST(waiting_thread, that_waits_again_at_its_very_end_leaves_nothing_behind) {
    const std::size_t before = mioco_test::open_descriptors();
    std::atomic<int> living{0};
    for (const bool waits_before : {true, false}) {
        mioco_test::thread([&] {
            made_first.wanted = true;
            made_first.living = &living;
            mioco::event never;
            EXPECT_FALSE(waits_before && never.wait_for(1us));
        }).join();
        EXPECT_EQ(mioco_test::open_descriptors(), before);
        EXPECT_EQ(living, 0);
    }
}

}  // namespace
