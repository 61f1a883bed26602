// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <string>

#include <gtest/gtest.h>

#include <netinet/tcp.h>

#include "support/sim_bench.hpp"

// TCP of a simulation: connections and what goes over them.

namespace {

using namespace std::chrono_literals;
using mioco_test::calm;
using mioco_test::calm_pair;
using mioco_test::sim_bench;

TEST(sim_stream, bytes_arrive_in_order) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    EXPECT_EQ(b.send(near, "one "), 4);
    EXPECT_EQ(b.send(near, "two"), 3);
    EXPECT_EQ(b.take(far), "one two");
    EXPECT_EQ(b.try_take(far), -EAGAIN);
    EXPECT_EQ(b.send(far, "back"), 4);
    EXPECT_EQ(b.take(near, 2), "ba");
    EXPECT_EQ(b.take(near, 2), "ck");
}

TEST(sim_stream, connecting_goes_on_by_itself) {
    sim_bench b(calm_pair());
    b.go_to("b");
    const int listener = b.listening(80);
    b.go_to("a");
    const int near = b.tcp();
    EXPECT_EQ(b.connect(near, b.at("b", 80)), -EINPROGRESS);
    EXPECT_EQ(b.connect(near, b.at("b", 80)), -EALREADY);
    EXPECT_FALSE(b.is_ready(near, POLLOUT));
    EXPECT_EQ(b.send(near, "x"), -EAGAIN);
    EXPECT_EQ(b.try_take(near), -EAGAIN);
    b.settle();
    EXPECT_TRUE(b.is_ready(near, POLLOUT));
    EXPECT_EQ(b.error_of(near), 0);
    EXPECT_EQ(b.connect(near, b.at("b", 80)), -EISCONN);
    EXPECT_GE(b.accept(listener), 0);
}

TEST(sim_stream, over_the_loopback_device_it_stands_at_once) {
    sim_bench b;
    const int listener = b.listening(80);
    const int near = b.tcp();
    EXPECT_EQ(b.connect(near, b.v4("127.0.0.1", 80)), -EINPROGRESS);
    EXPECT_TRUE(b.is_ready(near, POLLOUT));
    EXPECT_TRUE(b.is_ready(listener, POLLIN));
    EXPECT_GE(b.accept(listener), 0);
    EXPECT_EQ(b.accept(listener), -EAGAIN);
}

TEST(sim_stream, nobody_there_is_told_when_the_answer_comes) {
    sim_bench b(calm_pair());
    const int near = b.tcp();
    EXPECT_EQ(b.connect(near, b.at("b", 81)), -EINPROGRESS);
    b.settle();
    EXPECT_EQ(b.io.ready_now(near, POLLOUT) & (POLLERR | POLLHUP), POLLERR | POLLHUP);
    EXPECT_EQ(b.error_of(near), ECONNREFUSED);
    EXPECT_EQ(b.error_of(near), 0) << "it is told once";
}

TEST(sim_stream, no_way_there_is_told_at_once) {
    sim_bench b;
    EXPECT_EQ(b.connect(b.tcp(), b.v4("192.0.2.1", 80)), -ENETUNREACH);
    EXPECT_EQ(b.connect(b.tcp(), b.v4("239.0.0.1", 80)), -ENETUNREACH);
    EXPECT_EQ(b.connect(b.tcp(), b.v6("::1", 80)), -EAFNOSUPPORT);
}

TEST(sim_stream, both_ends_know_both_addresses) {
    sim_bench b(calm_pair());
    b.go_to("b");
    const int listener = b.listening(80);
    b.go_to("a");
    const int near = b.tcp();
    b.connect(near, b.at("b", 80));
    b.settle();
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const int far = b.io.accept(listener, reinterpret_cast<sockaddr*>(&peer), &size);
    ASSERT_GE(far, 0);
    EXPECT_EQ(size, sizeof peer);
    EXPECT_EQ(ntohs(peer.sin_port), b.port_of(near));
    EXPECT_EQ(peer.sin_addr.s_addr, b.at("a", 0).sin_addr.s_addr);
    sockaddr_in named{};
    EXPECT_EQ(b.io.peer_name(near, reinterpret_cast<sockaddr*>(&named), &size), 0);
    EXPECT_EQ(named.sin_addr.s_addr, b.at("b", 0).sin_addr.s_addr);
    EXPECT_EQ(b.port_of(far), 80);
    EXPECT_EQ(b.io.peer_name(listener, reinterpret_cast<sockaddr*>(&named), &size), -ENOTCONN);
}

TEST(sim_stream, ipv6_reaches_its_own_and_a_dual_listener_takes_both) {
    sim_bench b;
    const int listener = b.tcp(AF_INET6);
    EXPECT_EQ(b.bind(listener, b.v6("::", 80)), 0);
    EXPECT_EQ(b.io.listen(listener, 8), 0);
    const int six = b.tcp(AF_INET6);
    EXPECT_EQ(b.connect(six, b.v6("::1", 80)), -EINPROGRESS);
    const int four = b.tcp();
    EXPECT_EQ(b.connect(four, b.v4("127.0.0.1", 80)), -EINPROGRESS);
    EXPECT_GE(b.accept(listener), 0);
    sockaddr_in6 peer{};
    socklen_t size = sizeof peer;
    EXPECT_GE(b.io.accept(listener, reinterpret_cast<sockaddr*>(&peer), &size), 0);
    EXPECT_TRUE(IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr));
}

TEST(sim_stream, what_is_not_connected_neither_sends_nor_receives) {
    sim_bench b;
    const int fresh = b.tcp();
    EXPECT_EQ(b.send(fresh, "x"), -EPIPE);
    EXPECT_EQ(b.try_take(fresh), -ENOTCONN);
    EXPECT_EQ(b.io.shutdown(fresh, SHUT_WR), -ENOTCONN);
    EXPECT_EQ(b.accept(fresh), -EINVAL);
    const int listener = b.listening(80);
    EXPECT_EQ(b.try_take(listener), -ENOTCONN);
    EXPECT_EQ(b.connect(listener, b.v4("127.0.0.1", 80)), -EISCONN);
}

TEST(sim_stream, a_writer_gets_as_far_as_there_is_room) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    b.set(near, SOL_SOCKET, SO_SNDBUF, 16'384);
    const std::size_t sent = b.fill(near);
    EXPECT_GE(sent, 212'992U);
    EXPECT_LE(sent, 212'992U + 32'768U);
    EXPECT_FALSE(b.is_ready(near, POLLOUT));
    std::size_t received = 0;
    while (received < sent) received += b.take(far, 10'000).size();
    EXPECT_EQ(received, sent);
    EXPECT_TRUE(b.is_ready(near, POLLOUT));
    EXPECT_GT(b.send(near, "more"), 0);
    EXPECT_EQ(b.take(far), "more");
}

TEST(sim_stream, a_slow_reader_gets_all) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    b.set(near, SOL_SOCKET, SO_SNDBUF, 8'192);
    b.set(far, SOL_SOCKET, SO_RCVBUF, 8'192);
    std::string sent;
    std::string received;
    for (int i = 0; sent.size() < 1'000'000; ++i) sent += std::to_string(i);
    std::size_t gone = 0;
    while (received.size() < sent.size()) {
        ssize_t count = 0;
        while (gone < sent.size() &&
               (count = b.send(near, std::string_view(sent).substr(gone))) > 0)
            gone += static_cast<std::size_t>(count);
        const std::size_t before = received.size();
        b.settle();
        std::string part;
        while (b.receive(far, part, 777) > 0) received += part;
        b.settle();
        ASSERT_TRUE(received.size() > before || gone < sent.size()) << "it is stuck";
    }
    EXPECT_EQ(received, sent);
}

TEST(sim_stream, several_buffers_in_one_call) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    char one[] = "one ";
    char two[] = "two";
    const iovec from[] = {{one, 4}, {nullptr, 0}, {two, 3}};
    EXPECT_EQ(b.io.send_from(near, from), 7);
    char first[2];
    char second[16];
    const iovec into[] = {{first, sizeof first}, {second, sizeof second}};
    EXPECT_EQ(b.io.receive_into(far, into), 7);
    EXPECT_EQ(std::string(first, 2) + std::string(second, 5), "one two");
}

TEST(sim_stream, time_passes_while_bytes_are_on_their_way) {
    auto wanted = calm_pair();
    wanted.latency = {5ms, 5ms};
    sim_bench b(wanted);
    const auto [near, far] = b.pair_between_hosts();
    b.send(near, "x");
    b.pass(4'999us);
    EXPECT_EQ(b.try_take(far), -EAGAIN);
    b.pass(1us);
    EXPECT_EQ(b.take(far), "x");
}

TEST(sim_stream, bandwidth_bounds_what_arrives_in_a_time) {
    auto wanted = calm_pair();
    wanted.latency = {1ms, 1ms};
    wanted.bytes_per_second = 1'000'000;
    sim_bench b(wanted);
    const auto [near, far] = b.pair_between_hosts();
    EXPECT_EQ(b.send(near, std::string(100'000, 'x')), 100'000);
    b.pass(50ms);
    std::size_t received = b.take(far, 200'000).size();
    EXPECT_GT(received, 30'000U);
    EXPECT_LT(received, 51'000U);
    b.pass(60ms);
    received += b.take(far, 200'000).size();
    EXPECT_EQ(received, 100'000U);
}

TEST(sim_stream, options_are_remembered_and_checked) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    EXPECT_EQ(b.option(near, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    EXPECT_EQ(b.option(near, SOL_SOCKET, SO_DOMAIN), AF_INET);
    EXPECT_EQ(b.option(near, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
    EXPECT_EQ(b.option(near, IPPROTO_TCP, TCP_NODELAY), 0);
    EXPECT_EQ(b.set(near, IPPROTO_TCP, TCP_NODELAY, 7), 0);
    EXPECT_EQ(b.option(near, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(b.option(far, IPPROTO_TCP, TCP_NODELAY), 0);
    EXPECT_EQ(b.set(near, IPPROTO_TCP, TCP_KEEPIDLE, 0), -EINVAL);
    EXPECT_EQ(b.set(near, IPPROTO_TCP, 9999, 1), -ENOPROTOOPT);
    EXPECT_EQ(b.set(near, SOL_SOCKET, SO_RCVBUF, 20'000), 0);
    EXPECT_EQ(b.option(near, SOL_SOCKET, SO_RCVBUF), 40'000);
    EXPECT_EQ(b.option(near, SOL_SOCKET, SO_ACCEPTCONN), 0);
    EXPECT_EQ(b.set(b.io.open_socket(AF_UNIX, SOCK_STREAM), IPPROTO_TCP, TCP_NODELAY, 1),
              -EOPNOTSUPP);
}

TEST(sim_stream, a_connection_outlives_its_listener) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    EXPECT_EQ(b.connect(b.tcp(), b.v4("127.0.0.1", 80)), -EINPROGRESS);
    EXPECT_EQ(b.send(near, "on"), 2);
    EXPECT_EQ(b.take(far), "on");
}

}  // namespace
