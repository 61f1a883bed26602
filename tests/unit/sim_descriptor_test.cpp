// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <vector>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "support/sim_bench.hpp"

// The numbers of what is open in a simulation, and what is refused.

namespace {

using mioco_test::calm;
using mioco_test::calm_pair;
using mioco_test::sim_bench;

namespace sim = mioco_test::sim;

TEST(sim_descriptor, numbers_are_none_of_the_kernel_s_and_the_lowest_comes_first) {
    sim_bench b;
    std::vector<int> all;
    for (int i = 0; i < 5; ++i) all.push_back(b.tcp());
    EXPECT_EQ(all.front(), sim::descriptor_table::lowest);
    EXPECT_EQ(all.back(), sim::descriptor_table::lowest + 4);
    b.io.close(all[3]);
    b.io.close(all[1]);
    EXPECT_EQ(b.udp(), all[1]);
    EXPECT_EQ(b.udp(), all[3]);
    EXPECT_EQ(b.udp(), all.back() + 1);
}

TEST(sim_descriptor, each_host_has_a_bound) {
    auto wanted = calm_pair();
    wanted.most_descriptors = 3;
    sim_bench b(wanted);
    const int listener = b.listening(80);
    const int near = b.tcp();
    const int last = b.tcp();
    b.connect(near, b.v4("127.0.0.1", 80));
    EXPECT_EQ(b.tcp(), -EMFILE);
    EXPECT_EQ(b.accept(listener), -EMFILE);
    EXPECT_EQ(b.io.duplicate(near), -EMFILE);
    int ends[2];
    EXPECT_EQ(b.io.open_pipe(ends), -EMFILE);
    EXPECT_EQ(b.io.open_file("/data", O_CREAT | O_RDWR, 0600), -EMFILE);
    b.io.close(last);
    EXPECT_EQ(b.io.open_pipe(ends), -EMFILE) << "it needs two";
    EXPECT_GE(b.accept(listener), 0) << "the client was kept";
    b.go_to("b");
    EXPECT_GE(b.tcp(), 0);
}

TEST(sim_descriptor, those_that_are_open_are_counted) {
    sim_bench b(calm_pair());
    const auto [near, far] = b.pair_between_hosts();
    EXPECT_EQ(b.in.open_descriptors(), 2U);
    EXPECT_EQ(b.in.open_descriptors("b"), 1U);
    b.io.close(far);
    EXPECT_EQ(b.in.open_descriptors("b"), 0U);
    EXPECT_GE(b.pipe().second, 0);
    EXPECT_EQ(b.in.open_descriptors("a"), 3U);
    b.io.close(near);
    EXPECT_EQ(b.in.open_descriptors(), 2U);
}

TEST(sim_descriptor, what_is_not_open_is_no_descriptor) {
    sim_bench b;
    const int gone = b.tcp();
    b.io.close(gone);
    struct stat status{};
    for (const int fd : {gone, -1}) {
        EXPECT_EQ(b.send(fd, "x"), -EBADF);
        EXPECT_EQ(b.try_read(fd), -EBADF);
        EXPECT_EQ(b.io.fd_status(fd, status), -EBADF);
        EXPECT_EQ(b.io.status_flags(fd), -EBADF);
        EXPECT_EQ(b.io.descriptor_flags(fd), -EBADF);
        EXPECT_EQ(b.io.duplicate(fd), -EBADF);
        EXPECT_EQ(b.io.make_non_blocking(fd), -EBADF);
        EXPECT_EQ(b.io.close_file(fd), -EBADF);
        EXPECT_FALSE(b.io.disable(fd));
        b.io.close(fd);
    }
    EXPECT_EQ(b.io.ready_now(gone, POLLIN), POLLNVAL);
    EXPECT_EQ(b.io.ready_now(-1, POLLIN), 0) << "as poll(2)";
}

TEST(sim_descriptor, kinds_are_told_apart) {
    sim_bench b;
    struct stat one{};
    struct stat other{};
    const int socket = b.tcp();
    EXPECT_EQ(b.io.fd_status(socket, one), 0);
    EXPECT_TRUE(S_ISSOCK(one.st_mode));
    EXPECT_EQ(b.io.fd_status(b.io.duplicate(socket), other), 0);
    EXPECT_EQ(one.st_ino, other.st_ino);
    EXPECT_EQ(one.st_dev, other.st_dev);
    EXPECT_EQ(b.io.fd_status(b.tcp(), other), 0);
    EXPECT_NE(one.st_ino, other.st_ino);
    EXPECT_EQ(b.io.open_socket(AF_APPLETALK, SOCK_STREAM), -EAFNOSUPPORT);
    EXPECT_EQ(b.io.open_socket(AF_INET, SOCK_SEQPACKET), -ESOCKTNOSUPPORT);
    EXPECT_EQ(b.io.open_socket(AF_INET, SOCK_RAW), -EINVAL);
    int ends[2];
    EXPECT_EQ(b.io.open_socket_pair(AF_INET, SOCK_STREAM, ends), -EOPNOTSUPP);
}

TEST(sim_descriptor, flags_belong_to_the_open_file) {
    sim_bench b;
    const int fd = b.tcp();
    const int other = b.io.duplicate(fd);
    EXPECT_EQ(b.io.status_flags(fd), O_RDWR | O_NONBLOCK);
    EXPECT_EQ(b.io.descriptor_flags(fd), FD_CLOEXEC);
    b.io.make_blocking(fd);
    EXPECT_EQ(b.io.status_flags(other), O_RDWR);
    EXPECT_EQ(b.io.make_non_blocking(other), 1);
    EXPECT_EQ(b.io.make_non_blocking(fd), 0);
}

TEST(sim_descriptor, there_are_no_terminals_and_nothing_is_opened_anew) {
    sim_bench b;
    const int fd = b.tcp();
    EXPECT_FALSE(b.io.is_terminal(fd));
    EXPECT_EQ(b.io.reopen(fd), -ENXIO);
    EXPECT_EQ(b.io.reopen_in_place(fd), -ENXIO);
}

using sim_descriptor_death = testing::Test;

TEST(sim_descriptor_death, one_of_the_kernel_s_is_refused_by_name) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    sim_bench b;
    EXPECT_DEATH(b.send(2, "x"),
                 "mioco: simulation: send of descriptor 2, which the kernel has made");
    EXPECT_DEATH(b.io.close(2), "close of descriptor 2, which the kernel has made");
    EXPECT_DEATH(b.io.ready_now(0, POLLIN), "a wait for readiness of descriptor 0");
    EXPECT_DEATH(b.io.is_terminal(1), "use as a terminal of descriptor 1");
}

}  // namespace
