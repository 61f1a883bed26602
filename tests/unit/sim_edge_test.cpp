// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "support/sim_bench.hpp"

// The promise of an engine: whatever changes an attempt's EAGAIN into another answer is an event.

namespace {

using namespace std::chrono_literals;
using mioco::detail::fd_object;
using mioco::detail::poller;
using mioco_test::calm;
using mioco_test::calm_pair;
using mioco_test::sim_bench;
using mioco_test::watched_fd;

TEST(sim_edge, a_state_that_holds_already_is_an_event) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    b.send(near, "early");
    watched_fd watched(b, far);
    EXPECT_TRUE(watched.is_readable());
    EXPECT_TRUE(watched.is_writable());
}

TEST(sim_edge, nothing_that_has_not_changed_is_one) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    watched_fd watched(b, far);
    EXPECT_FALSE(watched.is_readable());
    EXPECT_TRUE(watched.is_writable());
    watched.forget_events();
    EXPECT_FALSE(watched.is_writable());
    b.send(near, "x");
    EXPECT_TRUE(watched.is_readable());
    watched.forget_events();
    EXPECT_FALSE(watched.is_readable()) << "it is still there, but that is no change";
    b.send(near, "y");
    EXPECT_TRUE(watched.is_readable());
}

TEST(sim_edge, tcp_bytes_and_end_and_reset) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    watched_fd watched(b, far);
    watched.forget_events();
    EXPECT_EQ(b.try_take(far), -EAGAIN);
    b.send(near, "x");
    EXPECT_TRUE(watched.is_readable());
    b.take(far);
    watched.forget_events();
    EXPECT_FALSE(watched.object().is_hung_up());
    b.io.shutdown(near, SHUT_WR);
    EXPECT_TRUE(watched.is_readable());
    EXPECT_TRUE(watched.object().is_hung_up());
    watched.forget_events();
    b.break_on_close(near);
    b.io.close(near);
    EXPECT_TRUE(watched.is_readable());
    EXPECT_TRUE(watched.is_writable());
}

TEST(sim_edge, tcp_room) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    b.fill(near);
    watched_fd watched(b, near);
    EXPECT_FALSE(watched.is_writable());
    while (b.try_take(far) > 0) {
    }
    EXPECT_TRUE(watched.is_writable());
    b.fill(near);
    watched.forget_events();
    EXPECT_EQ(b.send(near, "x"), -EAGAIN);
    b.set(near, SOL_SOCKET, SO_SNDBUF, 1 << 20);
    EXPECT_TRUE(watched.is_writable()) << "there is more room";
}

TEST(sim_edge, tcp_connecting) {
    sim_bench b(calm_pair());
    b.go_to("b");
    b.listening(80);
    b.go_to("a");
    const int near = b.tcp();
    const int lost = b.tcp();
    b.connect(near, b.at("b", 80));
    b.connect(lost, b.at("b", 81));
    watched_fd watched(b, near);
    watched_fd failing(b, lost);
    EXPECT_FALSE(watched.is_writable());
    EXPECT_FALSE(failing.is_writable());
    b.settle();
    EXPECT_TRUE(watched.is_writable());
    EXPECT_FALSE(watched.object().is_hung_up());
    EXPECT_TRUE(failing.is_writable());
    EXPECT_TRUE(failing.object().is_hung_up());
}

TEST(sim_edge, tcp_clients) {
    sim_bench b;
    const int listener = b.listening(80);
    watched_fd watched(b, listener);
    EXPECT_FALSE(watched.is_readable());
    for (int i = 0; i < 2; ++i) {
        b.connect(b.tcp(), b.v4("127.0.0.1", 80));
        EXPECT_TRUE(watched.is_readable());
        EXPECT_GE(b.accept(listener), 0);
        watched.forget_events();
        EXPECT_EQ(b.accept(listener), -EAGAIN);
    }
}

TEST(sim_edge, own_shutdown) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    watched_fd watched(b, near);
    watched.forget_events();
    EXPECT_EQ(b.try_take(near), -EAGAIN);
    b.io.shutdown(near, SHUT_RD);
    EXPECT_TRUE(watched.is_readable());
    const auto [one, other] = b.unix_pair(SOCK_STREAM);
    watched_fd local(b, one);
    local.forget_events();
    b.io.shutdown(one, SHUT_RD);
    EXPECT_TRUE(local.is_readable());
}

TEST(sim_edge, datagrams_and_refusals) {
    sim_bench b;
    const int server = b.udp_at(53);
    watched_fd watched(b, server);
    watched.forget_events();
    b.send_to(b.udp(), "x", b.v4("127.0.0.1", 53));
    EXPECT_TRUE(watched.is_readable());
    const int client = b.udp();
    b.connect(client, b.v4("127.0.0.1", 54));
    watched_fd refused(b, client);
    refused.forget_events();
    b.send(client, "x");
    EXPECT_TRUE(refused.is_readable());
}

TEST(sim_edge, unix_bytes_room_and_end) {
    for (const int type : {SOCK_STREAM, SOCK_SEQPACKET}) {
        sim_bench b;
        const auto [near, far] = b.unix_pair(type);
        watched_fd reads(b, far);
        watched_fd writes(b, near);
        reads.forget_events();
        EXPECT_EQ(b.try_take(far), -EAGAIN);
        b.send(near, "x");
        EXPECT_TRUE(reads.is_readable());
        b.fill(near, 1000);
        writes.forget_events();
        EXPECT_EQ(b.send(near, "x"), -EAGAIN);
        while (b.try_take(far) > 0) {
        }
        EXPECT_TRUE(writes.is_writable());
        reads.forget_events();
        b.io.close(near);
        EXPECT_TRUE(reads.is_readable());
        EXPECT_TRUE(reads.object().is_hung_up());
    }
}

TEST(sim_edge, unix_datagrams_wait_for_room_at_whom_they_are_connected_to) {
    sim_bench b;
    const int server = b.io.open_socket(AF_UNIX, SOCK_DGRAM);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strcpy(name.sun_path, "/run/server");
    ASSERT_EQ(b.bind(server, name), 0);
    const int client = b.io.open_socket(AF_UNIX, SOCK_DGRAM);
    ASSERT_EQ(b.connect(client, name), 0);
    watched_fd watched(b, client);
    while (b.send(client, "x") == 1) {
    }
    watched.forget_events();
    EXPECT_EQ(b.send(client, "x"), -EAGAIN);
    EXPECT_FALSE(watched.is_writable());
    b.take(server);
    EXPECT_TRUE(watched.is_writable());
    while (b.send(client, "x") == 1) {
    }
    watched.forget_events();
    b.io.close(server);
    EXPECT_TRUE(watched.is_writable()) << "it is refused now";
    EXPECT_EQ(b.send(client, "x"), -ECONNREFUSED);
}

TEST(sim_edge, unix_clients) {
    sim_bench b;
    const int listener = b.io.open_socket(AF_UNIX, SOCK_STREAM);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strcpy(name.sun_path, "/run/server");
    b.bind(listener, name);
    b.io.listen(listener, 5);
    watched_fd watched(b, listener);
    EXPECT_FALSE(watched.is_readable());
    EXPECT_EQ(b.connect(b.io.open_socket(AF_UNIX, SOCK_STREAM), name), 0);
    EXPECT_TRUE(watched.is_readable());
}

TEST(sim_edge, pipes) {
    sim_bench b;
    const auto [out, in] = b.pipe();
    watched_fd reads(b, out);
    watched_fd writes(b, in);
    reads.forget_events();
    EXPECT_EQ(b.try_read(out), -EAGAIN);
    b.write(in, "x");
    EXPECT_TRUE(reads.is_readable());
    b.read(out);
    while (b.write(in, std::string(4096, 'x')) > 0) {
    }
    writes.forget_events();
    EXPECT_EQ(b.write(in, "x"), -EAGAIN);
    b.read(out, 4096);
    EXPECT_TRUE(writes.is_writable());
    writes.forget_events();
    b.io.close(out);
    EXPECT_TRUE(writes.is_writable());
    EXPECT_EQ(b.write(in, "x"), -EPIPE);
    const auto [other_out, other_in] = b.pipe();
    watched_fd ends(b, other_out);
    ends.forget_events();
    b.io.close(other_in);
    EXPECT_TRUE(ends.is_readable());
}

TEST(sim_edge, what_moves_without_a_read_is_one_too) {
    sim_bench b;
    const auto [near, from] = b.tcp_pair();
    const auto [out, in] = b.pipe();
    watched_fd reads(b, out);
    reads.forget_events();
    b.send(near, "x");
    b.io.splice(from, in, 10);
    EXPECT_TRUE(reads.is_readable());
    b.io.set_pipe_capacity(in, 4096);
    while (b.write(in, std::string(4096, 'x')) > 0) {
    }
    b.read(out, 1);
    while (b.write(in, std::string(4096, 'x')) > 0) {
    }
    watched_fd writes(b, in);
    EXPECT_FALSE(writes.is_writable());
    b.io.set_pipe_capacity(in, 8192);
    EXPECT_TRUE(writes.is_writable());
}

TEST(sim_edge, an_invented_eagain_is_followed_by_an_event) {
    auto wanted = calm();
    wanted.faults.again = 0.5;
    sim_bench b(wanted);
    const auto [near, far] = b.unix_pair(SOCK_STREAM);
    watched_fd watched(b, far);
    int invented = 0;
    for (int i = 0; i < 100; ++i) {
        while (b.send(near, "x") < 0) {
        }
        watched.forget_events();
        while (b.try_take(far) == -EAGAIN) {
            ++invented;
            ASSERT_TRUE(watched.is_readable());
            watched.forget_events();
        }
    }
    EXPECT_GT(invented, 20);
}

// A read that takes less than it has room for says that there is no more: the next one waits at once.
TEST(sim_edge, an_invented_short_read_is_followed_by_an_event) {
    auto wanted = calm();
    wanted.faults.short_read = 1;
    sim_bench b(wanted);
    const auto [near, far] = b.tcp_pair();
    watched_fd watched(b, far);
    b.send(near, std::string(1000, 'x'));
    std::size_t received = 0;
    int parts = 0;
    while (received < 1000) {
        watched.forget_events();
        received += b.take(far, 1000).size();
        ++parts;
        ASSERT_TRUE(received == 1000 || watched.is_readable());
    }
    EXPECT_GT(parts, 1);
}

TEST(sim_edge, a_bound_of_events_keeps_the_rest) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    const auto [other_near, other_far] = b.tcp_pair(81);
    b.send(near, "x");
    b.send(other_near, "x");
    watched_fd one(b, far);
    watched_fd other(b, other_far);
    using mioco::detail::side;
    const auto count = [&] {
        return int{one.object()[side::read].slot().is_ready()} +
               int{other.object()[side::read].slot().is_ready()};
    };
    b.events->wait(0, 1, poller::caller::owner);
    EXPECT_EQ(count(), 1);
    EXPECT_TRUE(b.poller().has_news());
    b.events->wait(0, 1, poller::caller::owner);
    EXPECT_EQ(count(), 2);
    EXPECT_FALSE(b.poller().has_news());
}

TEST(sim_edge, what_is_unwatched_or_closed_tells_nothing) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    watched_fd watched(b, far);
    watched.forget_events();
    b.events->unwatch(watched.object());
    b.send(near, "x");
    EXPECT_FALSE(watched.is_readable());
    EXPECT_EQ(b.events->watch(watched.object()), 0);
    b.io.close(far);
    EXPECT_EQ(b.poller().watched_count(), 0U);
    EXPECT_EQ(b.events->watch(watched.object()), -EBADF);
}

// It goes with the open file, and comes back with its number.
TEST(sim_edge, what_lives_on_is_watched_on_and_watched_anew) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    const int other = b.io.duplicate(far);
    watched_fd watched(b, far);
    watched.forget_events();
    b.io.close(far);
    EXPECT_EQ(b.poller().watched_count(), 1U);
    EXPECT_EQ(b.io.duplicate(other), far);
    EXPECT_EQ(b.events->watch(watched.object()), 0);
    EXPECT_EQ(b.poller().watched_count(), 1U);
    watched.forget_events();
    b.send(near, "x");
    EXPECT_TRUE(watched.is_readable());
}

TEST(sim_edge, each_poller_is_told) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    watched_fd watched(b, far);
    watched.forget_events();
    {
        const auto second = b.io.make_poller(&b);
        fd_object& object = *mioco::detail::new_fd_object(far);
        EXPECT_EQ(second->watch(object), 0);
        b.send(near, "x");
        second->wait(0, 10, poller::caller::owner);
        EXPECT_TRUE(object.reading.slot().is_ready());
        object.number.store(-1);
        mioco::detail::drop_share(object);
    }
    EXPECT_TRUE(watched.is_readable());
    b.send(near, "y");
}

TEST(sim_edge, a_wait_ends_with_news_or_its_time) {
    auto wanted = calm_pair();
    wanted.latency = {5ms, 5ms};
    sim_bench b(wanted);
    const auto [near, far] = b.pair_between_hosts();
    watched_fd watched(b, far);
    watched.forget_events();
    const auto before = b.in.now();
    b.send(near, "x");
    b.events->wait(std::chrono::nanoseconds(1s).count(), 10, poller::caller::owner);
    EXPECT_EQ(b.in.now() - before, std::chrono::nanoseconds(5ms).count());
    EXPECT_TRUE(watched.object().reading.slot().is_ready());
    b.settle();
    watched.forget_events();
    const auto after = b.in.now();
    b.events->wait(std::chrono::nanoseconds(1s).count(), 10, poller::caller::owner);
    EXPECT_EQ(b.in.now() - after, std::chrono::nanoseconds(1s).count());
}

TEST(sim_edge, a_wake_ends_the_owner_s_wait_and_no_neighbour_s_takes_it_away) {
    sim_bench b;
    b.events->wake();
    EXPECT_TRUE(b.poller().has_news());
    EXPECT_EQ(b.turns.wakes, 1);
    b.events->wait(0, 10, poller::caller::neighbour);
    EXPECT_TRUE(b.poller().has_news());
    const auto before = b.in.now();
    b.events->wait(mioco::detail::never, 10, poller::caller::owner);
    EXPECT_EQ(b.in.now(), before);
    EXPECT_FALSE(b.poller().has_news());
    b.events->wait(std::chrono::nanoseconds(1s).count(), 10, poller::caller::owner);
    EXPECT_EQ(b.in.now() - before, std::chrono::nanoseconds(1s).count());
}

TEST(sim_edge, a_spurious_event_tells_nothing_new) {
    auto wanted = calm();
    wanted.faults.spurious_event = 1;
    sim_bench b(wanted);
    const auto [near, far] = b.tcp_pair();
    watched_fd watched(b, far);
    watched.forget_events();
    EXPECT_TRUE(watched.is_readable());
    EXPECT_EQ(b.try_take(far), -EAGAIN);
    EXPECT_FALSE(watched.object().is_hung_up());
}

}  // namespace
