// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include <cstring>

#include "support/sim_bench.hpp"

// Datagrams of a simulation.

namespace {

using namespace std::chrono_literals;
using mioco_test::calm;
using mioco_test::calm_pair;
using mioco_test::sim_bench;

int count_of(sim_bench& b, int fd) {
    int count = 0;
    while (b.try_take(fd) >= 0) ++count;
    return count;
}

TEST(sim_udp, bounds_are_kept_and_the_sender_is_told) {
    sim_bench b;
    const int server = b.udp_at(53);
    const int client = b.udp();
    for (const char* const each : {"one", "", "three"})
        EXPECT_GE(b.send_to(client, each, b.v4("127.0.0.1", 53)), 0);
    char buffer[16];
    iovec part{buffer, sizeof buffer};
    sockaddr_in sender{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_name = &sender;
    message.msg_namelen = sizeof sender;
    EXPECT_EQ(b.io.receive_message(server, message), 3);
    EXPECT_EQ(message.msg_namelen, sizeof sender);
    EXPECT_EQ(ntohs(sender.sin_port), b.port_of(client));
    EXPECT_EQ(sender.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    EXPECT_EQ(b.take(server), "");
    EXPECT_EQ(b.take(server), "three");
    EXPECT_EQ(b.try_take(server), -EAGAIN);
}

TEST(sim_udp, what_has_no_room_is_cut_and_told) {
    sim_bench b;
    const int server = b.udp_at(53);
    b.send_to(b.udp(), "too long", b.v4("127.0.0.1", 53));
    char buffer[3];
    iovec part{buffer, sizeof buffer};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    EXPECT_EQ(b.io.receive_message(server, message), 3);
    EXPECT_EQ(message.msg_flags, MSG_TRUNC);
    EXPECT_EQ(b.try_take(server), -EAGAIN) << "the rest is gone";
}

TEST(sim_udp, a_connected_one_hears_its_peer_alone) {
    sim_bench b;
    const int server = b.udp_at(53);
    const int other = b.udp_at(54);
    const int client = b.udp();
    EXPECT_EQ(b.send(client, "x"), -EDESTADDRREQ);
    EXPECT_EQ(b.connect(client, b.v4("127.0.0.1", 53)), 0);
    EXPECT_EQ(b.send(client, "question"), 8);
    EXPECT_EQ(b.take(server), "question");
    const auto port = static_cast<std::uint16_t>(b.port_of(client));
    b.send_to(other, "not for it", b.v4("127.0.0.1", port));
    b.send_to(server, "answer", b.v4("127.0.0.1", port));
    EXPECT_EQ(b.take(client), "answer");
    EXPECT_EQ(b.try_take(client), -EAGAIN);
    sockaddr nobody{};
    nobody.sa_family = AF_UNSPEC;
    EXPECT_EQ(b.connect(client, nobody), 0);
    EXPECT_EQ(b.send(client, "x"), -EDESTADDRREQ);
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    EXPECT_EQ(b.io.peer_name(client, reinterpret_cast<sockaddr*>(&peer), &size), -ENOTCONN);
}

TEST(sim_udp, nobody_at_the_port_is_told_to_who_is_connected) {
    sim_bench b(calm_pair());
    const int client = b.udp();
    b.connect(client, b.at("b", 53));
    EXPECT_EQ(b.send(client, "anybody?"), 8);
    b.settle();
    EXPECT_TRUE(b.is_ready(client, POLLERR));
    EXPECT_EQ(b.try_take(client), -ECONNREFUSED);
    EXPECT_EQ(b.try_take(client), -EAGAIN);
    EXPECT_EQ(b.send(client, "anybody?"), 8);
    b.settle();
    EXPECT_EQ(b.send(client, "anybody?"), -ECONNREFUSED);
    const int loose = b.udp();
    b.send_to(loose, "anybody?", b.at("b", 53));
    b.settle();
    EXPECT_EQ(b.try_take(loose), -EAGAIN);
}

TEST(sim_udp, what_is_too_long_or_goes_nowhere_is_refused) {
    sim_bench b;
    b.udp_at(53);
    const int client = b.udp();
    EXPECT_EQ(b.send_to(client, std::string(65'508, 'x'), b.v4("127.0.0.1", 53)), -EMSGSIZE);
    EXPECT_EQ(b.send_to(client, std::string(65'507, 'x'), b.v4("127.0.0.1", 53)), 65'507);
    EXPECT_EQ(b.send_to(client, "x", b.v4("192.0.2.1", 53)), -ENETUNREACH);
    EXPECT_EQ(b.send_to(client, "x", b.v4("127.0.0.1", 0)), -EINVAL);
    EXPECT_EQ(b.send_to(client, "x", b.v6("::1", 53)), -EAFNOSUPPORT);
}

TEST(sim_udp, who_does_not_read_loses_what_has_no_room) {
    sim_bench b;
    const int server = b.udp_at(53);
    b.set(server, SOL_SOCKET, SO_RCVBUF, 8'192);
    const int client = b.udp();
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(b.send_to(client, std::string(1'000, 'x'), b.v4("127.0.0.1", 53)), 1'000);
    const int got = count_of(b, server);
    EXPECT_GT(got, 0);
    EXPECT_LT(got, 17);
    b.send_to(client, "room again", b.v4("127.0.0.1", 53));
    EXPECT_EQ(b.take(server), "room again");
}

TEST(sim_udp, a_batch_goes_and_comes_in_one_call) {
    sim_bench b;
    const int server = b.udp_at(53);
    const int client = b.udp();
    b.connect(client, b.v4("127.0.0.1", 53));
    char texts[3] = {'a', 'b', 'c'};
    iovec parts[3];
    mmsghdr messages[3]{};
    for (std::size_t i = 0; i < 3; ++i) {
        parts[i] = {&texts[i], 1};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    EXPECT_EQ(b.io.send_messages(client, messages), 3);
    EXPECT_EQ(messages[2].msg_len, 1U);
    char got[4];
    iovec rooms[4];
    mmsghdr incoming[4]{};
    for (std::size_t i = 0; i < 4; ++i) {
        rooms[i] = {&got[i], 1};
        incoming[i].msg_hdr.msg_iov = &rooms[i];
        incoming[i].msg_hdr.msg_iovlen = 1;
    }
    EXPECT_EQ(b.io.receive_messages(server, incoming), 3);
    EXPECT_EQ(std::string(got, 3), "abc");
    EXPECT_EQ(b.io.receive_messages(server, incoming), -EAGAIN);
}

TEST(sim_udp, a_broadcast_reaches_all_who_listen_once_it_is_allowed) {
    sim_bench b(calm_pair());
    int servers[2];
    for (int& fd : servers) {
        fd = b.udp();
        b.set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        EXPECT_EQ(b.bind(fd, b.v4("0.0.0.0", 53)), 0);
    }
    b.go_to("b");
    const int elsewhere = b.udp_at(53);
    const int client = b.udp();
    EXPECT_EQ(b.send_to(client, "all", b.v4("255.255.255.255", 53)), -EACCES);
    b.set(client, SOL_SOCKET, SO_BROADCAST, 1);
    EXPECT_EQ(b.send_to(client, "all", b.v4("255.255.255.255", 53)), 3);
    b.settle();
    for (const int fd : {servers[0], servers[1], elsewhere}) EXPECT_EQ(b.take(fd), "all");
    EXPECT_EQ(b.send_to(client, "own", b.v4("127.255.255.255", 53)), 3);
    b.settle();
    EXPECT_EQ(b.take(elsewhere), "own");
    EXPECT_EQ(b.try_take(servers[0]), -EAGAIN);
}

int change_group(sim_bench& b, int fd, const char* group, int name) {
    group_req request{};
    const sockaddr_in address = b.v4(group, 0);
    std::memcpy(&request.gr_group, &address, sizeof address);
    return b.io.set_option(fd, IPPROTO_IP, name, &request, sizeof request);
}

TEST(sim_udp, a_group_is_heard_while_it_is_joined) {
    sim_bench b(calm_pair());
    const int member = b.udp_at(53);
    EXPECT_EQ(change_group(b, member, "239.1.2.3", MCAST_JOIN_GROUP), 0);
    EXPECT_EQ(change_group(b, member, "239.1.2.3", MCAST_JOIN_GROUP), -EADDRINUSE);
    EXPECT_EQ(change_group(b, member, "127.0.0.1", MCAST_JOIN_GROUP), -EINVAL);
    b.go_to("b");
    const int stranger = b.udp_at(53);
    const int sender = b.udp();
    EXPECT_EQ(b.send_to(sender, "to all", b.v4("239.1.2.3", 53)), 6);
    b.settle();
    EXPECT_EQ(b.take(member), "to all");
    EXPECT_EQ(b.try_take(stranger), -EAGAIN);
    EXPECT_EQ(change_group(b, member, "239.1.2.3", MCAST_LEAVE_GROUP), 0);
    EXPECT_EQ(change_group(b, member, "239.1.2.3", MCAST_LEAVE_GROUP), -EADDRNOTAVAIL);
    b.send_to(sender, "nobody", b.v4("239.1.2.3", 53));
    b.settle();
    EXPECT_EQ(b.try_take(member), -EAGAIN);
}

TEST(sim_udp, ports_are_shared_by_those_who_want_to) {
    sim_bench b;
    const int first = b.udp_at(53);
    EXPECT_EQ(b.bind(b.udp(), b.v4("127.0.0.1", 53)), -EADDRINUSE);
    b.io.close(first);
    int both[2];
    for (int& fd : both) {
        fd = b.udp();
        b.set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        EXPECT_EQ(b.bind(fd, b.v4("127.0.0.1", 53)), 0);
    }
    b.send_to(b.udp(), "x", b.v4("127.0.0.1", 53));
    EXPECT_EQ(b.try_take(both[0]), -EAGAIN);
    EXPECT_EQ(b.take(both[1]), "x") << "the latest has it";
    const int peer = b.udp_at(54);
    EXPECT_EQ(b.connect(both[0], b.v4("127.0.0.1", 54)), 0);
    b.send_to(peer, "y", b.v4("127.0.0.1", 53));
    EXPECT_EQ(b.take(both[0]), "y") << "but for who is connected to the sender";
}

TEST(sim_udp, shutdown_is_told_and_ends_sending) {
    sim_bench b;
    const int fd = b.udp();
    EXPECT_EQ(b.io.shutdown(fd, SHUT_RDWR), -ENOTCONN);
    const int client = b.udp();
    b.connect(client, b.v4("127.0.0.1", 53));
    EXPECT_EQ(b.io.shutdown(client, SHUT_WR), 0);
    EXPECT_EQ(b.send(client, "x"), -EPIPE);
}

int arrived_of_a_thousand(const mioco::detail::sim::settings& wanted) {
    sim_bench b(wanted);
    const int server = b.udp_at(53);
    const int client = b.udp();
    int got = 0;
    for (int i = 0; i < 1000; ++i) {
        b.send_to(client, "x", b.v4("127.0.0.1", 53));
        got += count_of(b, server);
    }
    return got;
}

TEST(sim_udp, what_is_lost_is_lost_at_the_rate_that_was_asked_for) {
    auto wanted = calm();
    wanted.faults.lost = 0.25;
    const int got = arrived_of_a_thousand(wanted);
    EXPECT_GT(got, 680);
    EXPECT_LT(got, 820);
}

TEST(sim_udp, some_come_twice) {
    auto wanted = calm();
    wanted.faults.duplicated = 0.25;
    const int got = arrived_of_a_thousand(wanted);
    EXPECT_GT(got, 1180);
    EXPECT_LT(got, 1320);
}

TEST(sim_udp, some_are_overtaken) {
    auto wanted = calm();
    const auto order_with = [&](double rate) {
        wanted.faults.reordered = rate;
        sim_bench b(wanted);
        const int server = b.udp_at(53);
        const int client = b.udp();
        for (char each = 'a'; each <= 'z'; ++each)
            b.send_to(client, std::string(1, each), b.v4("127.0.0.1", 53));
        b.settle();
        std::string all;
        for (int i = 0; i < 26; ++i) all += b.take(server);
        return all;
    };
    EXPECT_EQ(order_with(0), "abcdefghijklmnopqrstuvwxyz");
    const std::string mixed = order_with(0.3);
    EXPECT_NE(mixed, "abcdefghijklmnopqrstuvwxyz");
    EXPECT_EQ(std::set<char>(mixed.begin(), mixed.end()).size(), 26U);
}

}  // namespace
