// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

#include "support/sim_bench.hpp"

// Unix sockets of a simulation: names and connections. What they pass beside bytes is in sim_passing_test.cpp.

namespace {

using mioco_test::calm_pair;
using mioco_test::sim_bench;

struct unix_name {
    explicit unix_name(const std::string& name = {}) {
        address.sun_family = AF_UNIX;
        name.copy(address.sun_path, sizeof address.sun_path);
        const bool is_path = !name.empty() && name.front() != '\0';
        size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() +
                                      (is_path ? 1 : 0));
    }
    sockaddr_un address{};
    socklen_t size;
};

int bind(sim_bench& b, int fd, const unix_name& name) {
    return b.io.bind(fd, b.raw(name.address), name.size);
}

int connect(sim_bench& b, int fd, const unix_name& name) {
    return b.io.connect(fd, b.raw(name.address), name.size);
}

int open(sim_bench& b, int type = SOCK_STREAM) { return b.io.open_socket(AF_UNIX, type); }

int listening(sim_bench& b, const unix_name& name, int backlog = 8, int type = SOCK_STREAM) {
    const int fd = open(b, type);
    EXPECT_EQ(bind(b, fd, name), 0);
    EXPECT_EQ(b.io.listen(fd, backlog), 0);
    return fd;
}

using name_call = int (mioco::detail::driver::*)(int, sockaddr*, socklen_t*);

std::string name_of(sim_bench& b, int fd, name_call call) {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    EXPECT_EQ((b.io.*call)(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
    return {address.sun_path, size - offsetof(sockaddr_un, sun_path)};
}

TEST(sim_unix, a_path_is_listened_at_and_connected_to) {
    sim_bench b;
    const int listener = listening(b, unix_name("/run/server"));
    const int near = open(b);
    EXPECT_EQ(connect(b, near, unix_name("/run/server")), 0) << "at once, as of the kernel";
    EXPECT_EQ(b.send(near, "early"), 5);
    const int far = b.accept(listener);
    EXPECT_EQ(b.take(far), "early");
    EXPECT_EQ(b.send(far, "answer"), 6);
    EXPECT_EQ(b.take(near), "answer");
    EXPECT_EQ(name_of(b, near, &mioco::detail::driver::peer_name),
              std::string("/run/server\0", 12));
    EXPECT_EQ(name_of(b, far, &mioco::detail::driver::local_name),
              std::string("/run/server\0", 12));
    EXPECT_EQ(name_of(b, far, &mioco::detail::driver::peer_name), "");
    EXPECT_EQ(connect(b, near, unix_name("/run/server")), -EISCONN);
}

TEST(sim_unix, abstract_names_are_no_files_and_go_with_their_socket) {
    sim_bench b;
    const std::string name("\0name", 5);
    const int listener = listening(b, unix_name(name));
    EXPECT_EQ(bind(b, open(b), unix_name(name)), -EADDRINUSE);
    EXPECT_EQ(connect(b, open(b), unix_name(name)), 0);
    b.io.close(listener);
    EXPECT_EQ(connect(b, open(b), unix_name(name)), -ECONNREFUSED);
    EXPECT_EQ(bind(b, open(b), unix_name(name)), 0);
}

TEST(sim_unix, no_name_is_one_that_the_kernel_chooses) {
    sim_bench b;
    const int listener = listening(b, unix_name());
    const std::string name = name_of(b, listener, &mioco::detail::driver::local_name);
    EXPECT_EQ(name.size(), 6U);
    EXPECT_EQ(name.front(), '\0');
    EXPECT_EQ(connect(b, open(b), unix_name(name)), 0);
    EXPECT_EQ(b.io.listen(open(b), 1), -EINVAL) << "it has no name at all";
}

TEST(sim_unix, a_path_outlives_its_socket) {
    sim_bench b;
    EXPECT_EQ(connect(b, open(b), unix_name("/run/server")), -ENOENT);
    b.io.close(listening(b, unix_name("/run/server")));
    EXPECT_EQ(connect(b, open(b), unix_name("/run/server")), -ECONNREFUSED);
    EXPECT_EQ(bind(b, open(b), unix_name("/run/server")), -EADDRINUSE);
    struct stat status{};
    EXPECT_EQ(b.io.file_status("/run/server", status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(b.io.open_file("/run/server", 0, 0), -ENXIO);
    EXPECT_EQ(b.io.remove_file("/run/server"), 0);
    EXPECT_EQ(b.io.file_status("/run/server", status), -ENOENT);
    EXPECT_EQ(bind(b, open(b), unix_name("/run/server")), 0);
}

TEST(sim_unix, names_belong_to_a_host) {
    sim_bench b(calm_pair());
    listening(b, unix_name("/run/server"));
    b.go_to("b");
    EXPECT_EQ(connect(b, open(b), unix_name("/run/server")), -ENOENT);
    listening(b, unix_name("/run/server"));
}

TEST(sim_unix, types_do_not_mix) {
    sim_bench b;
    listening(b, unix_name("/run/server"));
    EXPECT_EQ(connect(b, open(b, SOCK_SEQPACKET), unix_name("/run/server")), -EPROTOTYPE);
    EXPECT_EQ(connect(b, open(b, SOCK_DGRAM), unix_name("/run/server")), -EPROTOTYPE);
    EXPECT_EQ(b.io.listen(open(b, SOCK_DGRAM), 1), -EOPNOTSUPP);
    EXPECT_EQ(b.connect(open(b), b.v4("127.0.0.1", 80)), -EINVAL);
}

TEST(sim_unix, a_full_backlog_is_told_at_once) {
    sim_bench b;
    const int listener = listening(b, unix_name("/run/server"), 1);
    EXPECT_EQ(connect(b, open(b), unix_name("/run/server")), 0);
    EXPECT_EQ(connect(b, open(b), unix_name("/run/server")), 0);
    const int third = open(b);
    EXPECT_EQ(connect(b, third, unix_name("/run/server")), -EAGAIN);
    EXPECT_GE(b.accept(listener), 0);
    EXPECT_EQ(connect(b, third, unix_name("/run/server")), 0);
}

TEST(sim_unix, who_waits_at_a_listener_that_closes_is_reset) {
    sim_bench b;
    const int listener = listening(b, unix_name("/run/server"));
    const int near = open(b);
    connect(b, near, unix_name("/run/server"));
    b.io.close(listener);
    EXPECT_EQ(b.send(near, "x"), -EPIPE);
    EXPECT_EQ(b.try_take(near), -ECONNRESET);
    EXPECT_EQ(b.take(near), "");
}

TEST(sim_unix, a_close_ends_both_directions) {
    sim_bench b;
    const auto [near, far] = b.unix_pair(SOCK_STREAM);
    b.send(near, "last");
    b.io.close(near);
    EXPECT_EQ(b.io.ready_now(far, POLLRDHUP), POLLRDHUP | POLLHUP);
    EXPECT_EQ(b.take(far), "last");
    EXPECT_EQ(b.take(far), "");
    EXPECT_EQ(b.send(far, "x"), -EPIPE);
}

TEST(sim_unix, a_close_with_unread_bytes_is_a_reset) {
    sim_bench b;
    const auto [near, far] = b.unix_pair(SOCK_STREAM);
    b.send(far, "unread");
    b.io.close(near);
    EXPECT_EQ(b.try_take(far), -ECONNRESET);
    EXPECT_EQ(b.take(far), "");
}

TEST(sim_unix, shutdown_is_seen_by_the_peer) {
    sim_bench b;
    const auto [near, far] = b.unix_pair(SOCK_STREAM);
    EXPECT_EQ(b.io.shutdown(near, SHUT_WR), 0);
    EXPECT_EQ(b.take(far), "");
    EXPECT_EQ(b.send(far, "back"), 4);
    EXPECT_EQ(b.take(near), "back");
    EXPECT_EQ(b.send(near, "x"), -EPIPE);
    EXPECT_EQ(b.io.shutdown(near, SHUT_RD), 0);
    EXPECT_EQ(b.send(far, "x"), -EPIPE);
}

TEST(sim_unix, what_is_not_connected_neither_sends_nor_receives) {
    sim_bench b;
    EXPECT_EQ(b.send(open(b), "x"), -ENOTCONN);
    EXPECT_EQ(b.try_take(open(b)), -EINVAL);
    EXPECT_EQ(b.try_take(open(b, SOCK_SEQPACKET)), -ENOTCONN);
    EXPECT_EQ(b.send(open(b, SOCK_DGRAM), "x"), -ENOTCONN);
    EXPECT_EQ(b.accept(open(b)), -EINVAL);
    EXPECT_EQ(b.accept(open(b, SOCK_DGRAM)), -EOPNOTSUPP);
}

TEST(sim_unix, a_writer_gets_as_far_as_its_buffer) {
    sim_bench b;
    const auto [near, far] = b.unix_pair(SOCK_STREAM);
    const std::size_t sent = b.fill(near);
    EXPECT_GT(sent, 150'000U);
    EXPECT_LT(sent, 220'000U);
    EXPECT_FALSE(b.is_ready(near, POLLOUT));
    std::size_t received = 0;
    while (received < sent) received += b.take(far, 5'000).size();
    EXPECT_EQ(b.try_take(far), -EAGAIN);
    EXPECT_TRUE(b.is_ready(near, POLLOUT));
}

TEST(sim_unix, records_keep_their_bounds) {
    sim_bench b;
    const auto [near, far] = b.unix_pair(SOCK_SEQPACKET);
    for (const char* const each : {"one", "too long", "last"}) EXPECT_GT(b.send(near, each), 0);
    EXPECT_EQ(b.take(far, 5), "one");
    EXPECT_EQ(b.take(far, 3), "too");
    EXPECT_EQ(b.take(far, 5), "last");
    EXPECT_EQ(b.send(near, std::string(300'000, 'x')), -EMSGSIZE);
    b.io.close(near);
    EXPECT_EQ(b.take(far), "");
    EXPECT_EQ(b.send(far, "x"), -EPIPE);
}

TEST(sim_unix, a_datagram_comes_with_the_name_of_its_sender) {
    sim_bench b;
    const int server = open(b, SOCK_DGRAM);
    bind(b, server, unix_name("/run/server"));
    const int client = open(b, SOCK_DGRAM);
    bind(b, client, unix_name("/run/client"));
    const unix_name to("/run/server");
    EXPECT_EQ(b.send_to(client, "hello", to.address), 5);
    char buffer[8];
    iovec part{buffer, sizeof buffer};
    sockaddr_un sender{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_name = &sender;
    message.msg_namelen = sizeof sender;
    EXPECT_EQ(b.io.receive_message(server, message), 5);
    EXPECT_STREQ(sender.sun_path, "/run/client");
    EXPECT_EQ(b.send_to(open(b, SOCK_DGRAM), "?", to.address), 1);
    message.msg_namelen = sizeof sender;
    EXPECT_EQ(b.io.receive_message(server, message), 1);
    EXPECT_EQ(message.msg_namelen, 0U);
}

TEST(sim_unix, a_receiver_of_datagrams_has_room_for_a_few) {
    sim_bench b;
    const int server = open(b, SOCK_DGRAM);
    bind(b, server, unix_name("/run/server"));
    const int client = open(b, SOCK_DGRAM);
    EXPECT_EQ(connect(b, client, unix_name("/run/server")), 0);
    int queued = 0;
    while (b.send(client, "x") == 1) ++queued;
    EXPECT_EQ(queued, 11) << "net.unix.max_dgram_qlen, and one";
    EXPECT_FALSE(b.is_ready(client, POLLOUT));
    EXPECT_EQ(b.take(server), "x");
    EXPECT_TRUE(b.is_ready(client, POLLOUT));
    EXPECT_EQ(b.send(client, "x"), 1);
}

TEST(sim_unix, a_pair_of_datagram_sockets_has_room_for_its_buffer) {
    sim_bench b;
    const auto [near, far] = b.unix_pair(SOCK_DGRAM);
    int queued = 0;
    while (b.send(near, "x") == 1) ++queued;
    EXPECT_GT(queued, 100);
    EXPECT_EQ(b.send(near, "x"), -EAGAIN);
    for (int i = 0; i < queued; ++i) EXPECT_EQ(b.take(far), "x");
    EXPECT_EQ(b.send(near, ""), 0);
    EXPECT_EQ(b.take(far), "");
}

TEST(sim_unix, who_sends_datagrams_to_one_that_is_gone_is_refused_and_then_not_connected) {
    sim_bench b;
    const auto [near, far] = b.unix_pair(SOCK_DGRAM);
    b.io.close(near);
    EXPECT_EQ(b.send(far, "x"), -ECONNREFUSED);
    EXPECT_EQ(b.send(far, "x"), -ENOTCONN);
}

TEST(sim_unix, who_is_connected_takes_datagrams_of_its_peer_alone) {
    sim_bench b;
    const int server = open(b, SOCK_DGRAM);
    bind(b, server, unix_name("/run/server"));
    const int peer = open(b, SOCK_DGRAM);
    bind(b, peer, unix_name("/run/peer"));
    EXPECT_EQ(connect(b, server, unix_name("/run/peer")), 0);
    const unix_name to("/run/server");
    EXPECT_EQ(b.send_to(open(b, SOCK_DGRAM), "x", to.address), -EPERM);
    EXPECT_EQ(connect(b, open(b, SOCK_DGRAM), to), -EPERM);
    EXPECT_EQ(b.send_to(peer, "x", to.address), 1);
}

}  // namespace
