// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include <netinet/tcp.h>

#include "support/sim_bench.hpp"

// Listeners of a simulation: ports, who may have them, and who waits there.

namespace {

using namespace std::chrono_literals;
using mioco_test::calm;
using mioco_test::calm_pair;
using mioco_test::sim_bench;

int connecting(sim_bench& b, std::uint16_t port) {
    const int fd = b.tcp();
    EXPECT_EQ(b.connect(fd, b.v4("127.0.0.1", port)), -EINPROGRESS);
    return fd;
}

TEST(sim_backlog, one_more_than_it_says_has_room) {
    sim_bench b;
    const int listener = b.listening(80, 2);
    std::vector<int> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(connecting(b, 80));
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(b.is_ready(clients[static_cast<std::size_t>(i)], POLLOUT));
    EXPECT_FALSE(b.is_ready(clients[3], POLLOUT));
    EXPECT_GE(b.accept(listener), 0);
    EXPECT_FALSE(b.is_ready(clients[3], POLLOUT)) << "it asks again after a second";
    b.pass(1s);
    EXPECT_TRUE(b.is_ready(clients[3], POLLOUT));
    for (int i = 0; i < 3; ++i) EXPECT_GE(b.accept(listener), 0);
    EXPECT_EQ(b.accept(listener), -EAGAIN);
}

TEST(sim_backlog, who_never_gets_room_is_timed_out) {
    sim_bench b;
    b.listening(80, 0);
    connecting(b, 80);
    const int late = connecting(b, 80);
    b.pass(126s);
    EXPECT_FALSE(b.is_ready(late, POLLOUT));
    b.pass(2s);
    EXPECT_EQ(b.error_of(late), ETIMEDOUT);
    EXPECT_EQ(b.in.under_way(), 0U);
}

// Both handshakes began while there was room for one.
TEST(sim_backlog, a_handshake_that_ends_too_late_waits_with_its_bytes) {
    sim_bench b(calm_pair());
    b.go_to("b");
    const int listener = b.listening(80, 0);
    b.go_to("a");
    const int one = b.tcp();
    const int other = b.tcp();
    b.connect(one, b.at("b", 80));
    b.connect(other, b.at("b", 80));
    b.pass(100ms);
    EXPECT_TRUE(b.is_ready(one, POLLOUT));
    EXPECT_TRUE(b.is_ready(other, POLLOUT));
    EXPECT_EQ(b.send(one, "hello"), 5);
    EXPECT_EQ(b.send(other, "hello"), 5);
    b.pass(100ms);
    b.go_to("b");
    const int first = b.accept(listener);
    EXPECT_EQ(b.take(first), "hello");
    EXPECT_EQ(b.accept(listener), -EAGAIN);
    b.pass(2s);
    const int second = b.accept(listener);
    ASSERT_GE(second, 0);
    EXPECT_EQ(b.take(second), "hello");
}

TEST(sim_backlog, a_handshake_that_ends_too_late_is_refused_in_the_end) {
    sim_bench b(calm_pair());
    b.go_to("b");
    const int listener = b.listening(80, 0);
    b.go_to("a");
    const int one = b.tcp();
    const int other = b.tcp();
    b.connect(one, b.at("b", 80));
    b.connect(other, b.at("b", 80));
    b.pass(20s);
    EXPECT_EQ(b.try_take(one), -EAGAIN);
    EXPECT_EQ(b.try_take(other), -EAGAIN);
    b.settle();
    const ssize_t results[] = {b.try_take(one), b.try_take(other)};
    EXPECT_TRUE((results[0] == -EAGAIN && results[1] == -ECONNRESET) ||
                (results[1] == -EAGAIN && results[0] == -ECONNRESET));
    b.go_to("b");
    EXPECT_GE(b.accept(listener), 0);
    EXPECT_EQ(b.accept(listener), -EAGAIN);
}

TEST(sim_backlog, the_kernel_s_bound_is_told) {
    auto wanted = calm();
    wanted.longest_backlog = 5;
    sim_bench b(wanted);
    const int listener = b.listening(80, 1000);
    tcp_info info{};
    socklen_t size = sizeof info;
    EXPECT_EQ(b.io.get_option(listener, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    EXPECT_EQ(info.tcpi_sacked, 5U);
    EXPECT_EQ(info.tcpi_state, TCP_LISTEN);
    EXPECT_EQ(b.option(listener, SOL_SOCKET, SO_ACCEPTCONN), 1);
    EXPECT_EQ(b.io.listen(b.udp(), 5), -EOPNOTSUPP);
    EXPECT_EQ(b.accept(b.udp()), -EOPNOTSUPP);
}

TEST(sim_backlog, a_port_is_one_listener_s) {
    sim_bench b;
    b.listening(80);
    const int second = b.tcp();
    EXPECT_EQ(b.bind(second, b.v4("127.0.0.1", 80)), -EADDRINUSE);
    EXPECT_EQ(b.bind(second, b.v4("127.0.0.1", 81)), 0);
    EXPECT_EQ(b.bind(second, b.v4("127.0.0.1", 82)), -EINVAL) << "it has one";
    const int third = b.tcp();
    EXPECT_EQ(b.bind(third, b.v4("127.0.0.2", 81)), 0) << "another address";
    const int six = b.tcp(AF_INET6);
    EXPECT_EQ(b.bind(six, b.v6("::", 80)), -EADDRINUSE) << "it would get those of IPv4 too";
    EXPECT_EQ(b.set(six, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
    EXPECT_EQ(b.bind(six, b.v6("::ffff:127.0.0.1", 80)), -EINVAL);
    EXPECT_EQ(b.bind(six, b.v6("::", 80)), 0);
}

TEST(sim_backlog, each_host_has_its_ports_to_itself) {
    sim_bench b(calm_pair());
    b.listening(80);
    b.go_to("b");
    EXPECT_GE(b.listening(80), 0);
    const int fd = b.tcp();
    EXPECT_EQ(b.bind(fd, b.at("a", 81)), -EADDRNOTAVAIL);
    EXPECT_EQ(b.bind(fd, b.v4("192.0.2.1", 0)), -EADDRNOTAVAIL);
    EXPECT_EQ(b.bind(fd, b.at("b", 81)), 0);
}

TEST(sim_backlog, reusing_an_address_does_not_allow_two_listeners) {
    sim_bench b;
    int both[] = {b.tcp(), b.tcp()};
    for (const int fd : both) {
        b.set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        EXPECT_EQ(b.bind(fd, b.v4("127.0.0.1", 80)), 0);
    }
    EXPECT_EQ(b.io.listen(both[0], 5), 0);
    EXPECT_EQ(b.io.listen(both[1], 5), -EADDRINUSE);
    b.io.close(both[0]);
    EXPECT_EQ(b.io.listen(both[1], 5), 0);
}

TEST(sim_backlog, who_closes_first_keeps_the_port_for_a_minute) {
    sim_bench b;
    const int listener = b.listening(80);
    const int near = connecting(b, 80);
    b.io.close(b.accept(listener));
    b.io.close(near);
    b.io.close(listener);
    const int next = b.tcp();
    EXPECT_EQ(b.bind(next, b.v4("127.0.0.1", 80)), -EADDRINUSE);
    b.pass(60s);
    EXPECT_EQ(b.bind(next, b.v4("127.0.0.1", 80)), 0);
}

TEST(sim_backlog, a_listener_that_reuses_addresses_has_its_port_back_at_once) {
    sim_bench b;
    const int listener = b.tcp();
    b.set(listener, SOL_SOCKET, SO_REUSEADDR, 1);
    EXPECT_EQ(b.bind(listener, b.v4("0.0.0.0", 80)), 0);
    EXPECT_EQ(b.io.listen(listener, 5), 0);
    const int near = connecting(b, 80);
    b.io.close(b.accept(listener));
    b.io.close(near);
    b.io.close(listener);
    const int next = b.tcp();
    b.set(next, SOL_SOCKET, SO_REUSEADDR, 1);
    EXPECT_EQ(b.bind(next, b.v4("0.0.0.0", 80)), 0);
    EXPECT_EQ(b.io.listen(next, 5), 0);
}

TEST(sim_backlog, those_that_share_a_port_share_the_clients) {
    sim_bench b;
    int both[2];
    for (int& fd : both) {
        fd = b.tcp();
        b.set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
        EXPECT_EQ(b.bind(fd, b.v4("127.0.0.1", 80)), 0);
        EXPECT_EQ(b.io.listen(fd, 128), 0);
    }
    EXPECT_EQ(b.bind(b.tcp(), b.v4("127.0.0.1", 80)), -EADDRINUSE);
    for (int i = 0; i < 64; ++i) connecting(b, 80);
    int accepted[2] = {0, 0};
    for (int which = 0; which < 2; ++which) {
        while (b.accept(both[which]) >= 0) ++accepted[which];
    }
    EXPECT_EQ(accepted[0] + accepted[1], 64);
    EXPECT_GT(accepted[0], 0);
    EXPECT_GT(accepted[1], 0);
}

TEST(sim_backlog, the_most_exact_address_has_the_client) {
    sim_bench b;
    const int exact = b.tcp();
    b.set(exact, SOL_SOCKET, SO_REUSEPORT, 1);
    EXPECT_EQ(b.bind(exact, b.v4("127.0.0.1", 80)), 0);
    EXPECT_EQ(b.io.listen(exact, 5), 0);
    const int any = b.tcp();
    b.set(any, SOL_SOCKET, SO_REUSEPORT, 1);
    EXPECT_EQ(b.bind(any, b.v4("0.0.0.0", 80)), 0);
    EXPECT_EQ(b.io.listen(any, 5), 0);
    connecting(b, 80);
    EXPECT_EQ(b.accept(any), -EAGAIN);
    EXPECT_GE(b.accept(exact), 0);
}

TEST(sim_backlog, port_zero_is_a_free_one) {
    sim_bench b;
    std::set<int> ports;
    for (int i = 0; i < 100; ++i) {
        const int fd = b.tcp();
        EXPECT_EQ(b.bind(fd, b.v4("127.0.0.1", 0)), 0);
        ports.insert(b.port_of(fd));
    }
    EXPECT_EQ(ports.size(), 100U);
    EXPECT_GE(*ports.begin(), 32'768);
}

TEST(sim_backlog, a_listener_that_shuts_down_reading_listens_no_more) {
    sim_bench b;
    const int listener = b.listening(80);
    EXPECT_EQ(b.io.shutdown(listener, SHUT_RD), 0);
    EXPECT_EQ(b.accept(listener), -EINVAL);
    EXPECT_EQ(b.error_of(connecting(b, 80)), ECONNREFUSED);
}

}  // namespace
