// SPDX-License-Identifier: MPL-2.0
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

// One connection in several runtimes and on threads, one after the other. What watched it for one may be gone for the next.

namespace {

using namespace std::string_view_literals;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco_test::connected_pair;
using mioco_test::read_some;
using mioco_test::read_text;
using mioco_test::until_somebody_waits;

// Reads one word that comes only when the reader waits.
void exchange(tcp_stream& near, tcp_stream& far) {
    mioco_test::thread writer([&] {
        until_somebody_waits(near.native_handle());
        far.write_all("word"sv);
    });
    EXPECT_EQ(read_text(near, 4), "word");
    writer.join();
}

class runtimes : public mioco_test::on_workers {};

TEST_P(runtimes, a_stream_goes_on_after_its_first_runtime_has_gone) {
    auto [near, far] = connected_pair();
    for (int round = 0; round < 5; ++round) {
        run([&near = near, &far = far] { exchange(near, far); });
        exchange(near, far);
    }
}

TEST_P(runtimes, a_stream_made_in_a_runtime_goes_on_outside) {
    tcp_listener listener;
    tcp_stream near;
    tcp_stream far;
    run([&] {
        listener = tcp_listener::bind("127.0.0.1:0");
        auto connecting = mioco::spawn([&] { near = tcp_stream::connect(listener.local()); });
        far = listener.accept();
        connecting.join();
        exchange(near, far);
    });
    exchange(near, far);
    run([&] { exchange(far, near); });
    mioco_test::thread client([&] {
        until_somebody_waits(listener.native_handle());
        near = tcp_stream::connect(listener.local());
    });
    far = listener.accept();
    client.join();
    exchange(near, far);
}

TEST_P(runtimes, a_stream_changes_between_two_that_run) {
    auto [near, far] = connected_pair();
    mioco::runtime one(settings());
    mioco::runtime two(settings());
    for (int round = 0; round < 20; ++round) {
        auto& here = round % 2 == 0 ? one : two;
        here.spawn([&near = near, &far = far] { exchange(near, far); }).join();
    }
}

// The runtime that watches the connection ends while a fiber of another waits on it.
TEST_P(runtimes, the_end_of_one_leaves_a_waiter_of_another_alone) {
    for (int round = 0; round < 10; ++round) {
        auto [near, far] = connected_pair();
        mioco::runtime staying(settings());
        mioco::join_handle<void> reader;
        {
            mioco::runtime ending(settings());
            ending.spawn([&near = near, &far = far] { exchange(near, far); }).join();
            reader = staying.spawn([&near = near] { EXPECT_EQ(read_some(near), "later"); });
            until_somebody_waits(near.native_handle());
            // Its own wait, in the other direction, has it watched by the one that ends.
            auto writer = ending.spawn([&near = near] { near.writable().wait(); });
            writer.join();
        }
        far.write_all("later"sv);
        reader.join();
    }
}

TEST_P(runtimes, two_ends_of_a_connection_live_in_two) {
    auto [near, far] = connected_pair();
    mioco::runtime one(settings());
    mioco::runtime two(settings());
    auto first = one.spawn([near = std::move(near)]() mutable {
        for (int i = 0; i < 200; ++i) {
            near.write_all("ping"sv);
            EXPECT_EQ(read_text(near, 4), "pong");
        }
    });
    auto second = two.spawn([far = std::move(far)]() mutable {
        for (int i = 0; i < 200; ++i) {
            EXPECT_EQ(read_text(far, 4), "ping");
            far.write_all("pong"sv);
        }
    });
    first.join();
    second.join();
}

MIOCO_ON_WORKER_COUNTS(runtimes);

}  // namespace
