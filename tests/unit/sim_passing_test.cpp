// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include "support/sim_bench.hpp"

// What Unix sockets of a simulation pass beside bytes: descriptors and credentials.

namespace {

using mioco_test::sim_bench;

struct came {
    ssize_t size;
    std::vector<int> fds;
    int flags;
    bool has_credentials;
};

ssize_t send_fds(sim_bench& b, int fd, std::string_view text, const std::vector<int>& passed) {
    iovec part{const_cast<char*>(text.data()), text.size()};
    std::vector<char> control(CMSG_SPACE(passed.size() * sizeof(int)));
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr header{};
    header.cmsg_len = CMSG_LEN(passed.size() * sizeof(int));
    header.cmsg_level = SOL_SOCKET;
    header.cmsg_type = SCM_RIGHTS;
    std::memcpy(control.data(), &header, sizeof header);
    std::memcpy(control.data() + CMSG_LEN(0), passed.data(), passed.size() * sizeof(int));
    return b.io.send_message(fd, message);
}

came receive_fds(sim_bench& b, int fd, std::size_t room_for = 8, std::size_t most = 64) {
    std::string buffer(most, '\0');
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) char control[2048];
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = room_for == 0 ? 0 : CMSG_SPACE(room_for * sizeof(int));
    came made{b.io.receive_message(fd, message), {}, message.msg_flags, false};
    if (made.size < 0) return made;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_type == SCM_CREDENTIALS) made.has_credentials = true;
        if (header->cmsg_type != SCM_RIGHTS) continue;
        made.fds.resize((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        std::memcpy(made.fds.data(), CMSG_DATA(header), made.fds.size() * sizeof(int));
    }
    return made;
}

TEST(sim_passing, a_descriptor_goes_over_each_type) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
        sim_bench b;
        const auto [near, far] = b.unix_pair(type);
        const auto [out, in] = b.pipe();
        EXPECT_EQ(send_fds(b, near, "x", {in}), 1);
        b.io.close(in);
        const came got = receive_fds(b, far);
        ASSERT_EQ(got.fds.size(), 1U);
        EXPECT_EQ(b.write(got.fds[0], "through"), 7);
        EXPECT_EQ(b.read(out), "through");
        b.io.close(got.fds[0]);
        EXPECT_EQ(b.read(out), "") << "that was the last";
    }
}

TEST(sim_passing, what_is_lost_on_the_way_is_closed) {
    sim_bench b;
    const auto [near, far] = b.unix_pair(SOCK_STREAM);
    const auto [out, in] = b.pipe();
    send_fds(b, near, "x", {in, in, in});
    const came got = receive_fds(b, far, 2);
    EXPECT_EQ(got.fds.size(), 2U);
    EXPECT_NE(got.flags & MSG_CTRUNC, 0);
    for (const int fd : got.fds) b.io.close(fd);
    send_fds(b, near, "x", {in});
    EXPECT_EQ(b.take(far), "x") << "a plain read loses them";
    send_fds(b, near, "x", {in});
    b.io.close(in);
    EXPECT_EQ(b.try_read(out), -EAGAIN);
    b.io.close(far);
    EXPECT_EQ(b.read(out), "");
}

TEST(sim_passing, a_read_ends_behind_what_descriptors_came_with) {
    sim_bench b;
    const auto [near, far] = b.unix_pair(SOCK_STREAM);
    const auto [out, in] = b.pipe();
    b.send(near, "a");
    send_fds(b, near, "b", {in});
    b.send(near, "c");
    b.send(near, "d");
    const came first = receive_fds(b, far);
    EXPECT_EQ(first.size, 2);
    EXPECT_EQ(first.fds.size(), 1U);
    EXPECT_EQ(receive_fds(b, far).size, 2);
}

TEST(sim_passing, what_cannot_be_sent_is_an_error) {
    sim_bench b;
    const auto [near, far] = b.unix_pair(SOCK_STREAM);
    EXPECT_EQ(send_fds(b, near, "x", {-1}), -EBADF);
    EXPECT_EQ(send_fds(b, near, "x", std::vector<int>(254, near)), -EINVAL);
    EXPECT_EQ(b.try_take(far), -EAGAIN);
}

TEST(sim_passing, no_descriptor_left_is_told_and_closes_the_rest) {
    auto wanted = mioco_test::calm();
    wanted.most_descriptors = 5;
    sim_bench b(wanted);
    const auto [near, far] = b.unix_pair(SOCK_STREAM);
    const auto [out, in] = b.pipe();
    send_fds(b, near, "x", {in, in});
    const came got = receive_fds(b, far);
    EXPECT_EQ(got.fds.size(), 1U);
    EXPECT_NE(got.flags & MSG_CTRUNC, 0);
    b.io.close(in);
    b.io.close(got.fds[0]);
    EXPECT_EQ(b.read(out), "");
}

TEST(sim_passing, credentials_come_if_they_are_asked_for) {
    sim_bench b(mioco_test::calm_pair());
    const auto [near, far] = b.unix_pair(SOCK_DGRAM);
    b.send(near, "x");
    EXPECT_FALSE(receive_fds(b, far).has_credentials);
    b.set(far, SOL_SOCKET, SO_PASSCRED, 1);
    b.send(near, "x");
    EXPECT_TRUE(receive_fds(b, far).has_credentials);
    ucred peer{};
    socklen_t size = sizeof peer;
    EXPECT_EQ(b.io.get_option(near, SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
    const pid_t first = peer.pid;
    EXPECT_GT(first, 0);
    b.go_to("b");
    const auto [other, rest] = b.unix_pair(SOCK_STREAM);
    EXPECT_EQ(b.io.get_option(other, SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
    EXPECT_NE(peer.pid, first) << "a host is a process";
}

// A socket that lies in its own queue would keep itself for ever.
TEST(sim_passing, one_that_was_sent_to_itself_goes_with_its_world) {
    sim_bench b;
    const auto [near, far] = b.unix_pair(SOCK_STREAM);
    send_fds(b, near, "x", {far});
    b.io.close(far);
    b.io.close(near);
}

}  // namespace
