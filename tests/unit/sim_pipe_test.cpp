// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <string>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "support/sim_bench.hpp"

// Pipes of a simulation, and what is moved through them.

namespace {

using mioco_test::sim_bench;

std::size_t fill_pipe(sim_bench& b, int in, std::size_t block = 4096) {
    std::size_t total = 0;
    ssize_t count = 0;
    while ((count = b.write(in, std::string(block, 'x'))) > 0)
        total += static_cast<std::size_t>(count);
    EXPECT_EQ(count, -EAGAIN);
    return total;
}

TEST(sim_pipe, what_goes_in_comes_out_and_the_end_is_zero) {
    sim_bench b;
    const auto [out, in] = b.pipe();
    EXPECT_EQ(b.try_read(out), -EAGAIN);
    EXPECT_EQ(b.write(in, "first"), 5);
    EXPECT_EQ(b.read(out, 3), "fir");
    b.io.close(in);
    EXPECT_EQ(b.read(out), "st");
    EXPECT_EQ(b.read(out), "");
    EXPECT_EQ(b.io.ready_now(out, POLLIN), POLLHUP);
}

TEST(sim_pipe, nobody_who_reads_is_a_broken_pipe) {
    sim_bench b;
    const auto [out, in] = b.pipe();
    b.io.close(out);
    EXPECT_EQ(b.write(in, "x"), -EPIPE);
    EXPECT_NE(b.io.ready_now(in, POLLOUT) & POLLERR, 0);
}

TEST(sim_pipe, the_ends_are_told_apart) {
    sim_bench b;
    const auto [out, in] = b.pipe();
    EXPECT_EQ(b.write(out, "x"), -EBADF);
    EXPECT_EQ(b.try_read(in), -EBADF);
    EXPECT_EQ(b.send(in, "x"), -ENOTSOCK);
    struct stat status{};
    EXPECT_EQ(b.io.fd_status(out, status), 0);
    EXPECT_TRUE(S_ISFIFO(status.st_mode));
    EXPECT_EQ(b.io.status_flags(out) & O_ACCMODE, O_RDONLY);
    EXPECT_EQ(b.io.status_flags(in) & O_ACCMODE, O_WRONLY);
}

TEST(sim_pipe, bytes_one_by_one_fill_its_pages) {
    sim_bench b;
    const auto [out, in] = b.pipe();
    EXPECT_EQ(fill_pipe(b, in, 1), 65'536U);
    EXPECT_EQ(b.read(out, 70'000).size(), 65'536U);
}

// A page is free when all of it has been read.
TEST(sim_pipe, a_small_write_is_all_or_nothing) {
    sim_bench b;
    const auto [out, in] = b.pipe();
    EXPECT_EQ(b.io.set_pipe_capacity(in, 4096), 4096);
    EXPECT_EQ(b.write(in, std::string(4000, 'x')), 4000);
    EXPECT_EQ(b.write(in, std::string(97, 'y')), -EAGAIN);
    EXPECT_EQ(b.write(in, std::string(96, 'y')), 96);
    EXPECT_EQ(b.read(out, 4095).size(), 4095U);
    EXPECT_FALSE(b.is_ready(in, POLLOUT));
    EXPECT_EQ(b.write(in, "z"), -EAGAIN);
    EXPECT_EQ(b.read(out), "y");
    EXPECT_TRUE(b.is_ready(in, POLLOUT));
    EXPECT_EQ(b.write(in, "z"), 1);
}

TEST(sim_pipe, a_large_write_takes_the_room_there_is) {
    sim_bench b;
    const auto [out, in] = b.pipe();
    EXPECT_EQ(b.write(in, std::string(100'000, 'x')), 65'536);
    EXPECT_EQ(b.write(in, std::string(100'000, 'x')), -EAGAIN);
}

TEST(sim_pipe, capacity_is_told_and_set) {
    sim_bench b;
    const auto [out, in] = b.pipe();
    EXPECT_EQ(b.io.pipe_capacity(out), 65'536);
    EXPECT_EQ(b.io.set_pipe_capacity(out, 5'000), 8'192);
    EXPECT_EQ(b.io.pipe_capacity(in), 8'192);
    EXPECT_EQ(fill_pipe(b, in), 8'192U);
    EXPECT_EQ(b.io.set_pipe_capacity(in, 4'096), -EBUSY);
    EXPECT_EQ(b.io.set_pipe_capacity(in, 4 << 20), -EPERM);
    EXPECT_EQ(b.io.pipe_capacity(b.tcp()), -EBADF);
    EXPECT_EQ(b.io.pipe_capacity(-1), -EBADF);
}

TEST(sim_pipe, several_buffers_in_one_call) {
    sim_bench b;
    const auto [out, in] = b.pipe();
    char text[] = "onetwo";
    const iovec from[] = {{text, 2}, {text + 2, 4}};
    EXPECT_EQ(b.io.write_from(in, from), 6);
    char first[3];
    char second[8];
    const iovec into[] = {{first, 3}, {second, 8}};
    EXPECT_EQ(b.io.read_into(out, into), 6);
    EXPECT_EQ(std::string(first, 3) + std::string(second, 3), "onetwo");
}

TEST(sim_pipe, splice_moves_between_a_pipe_and_a_socket) {
    sim_bench b;
    const auto [near, from] = b.tcp_pair();
    const auto [out, in] = b.pipe();
    const auto [to, far] = b.tcp_pair(81);
    EXPECT_EQ(b.io.splice(from, in, 100), -EAGAIN);
    b.send(near, "through a pipe");
    EXPECT_EQ(b.io.splice(from, in, 7), 7);
    EXPECT_EQ(b.io.splice(from, in, 100), 7);
    EXPECT_EQ(b.io.splice(out, to, 3), 3);
    EXPECT_EQ(b.io.splice(out, to, 100), 11);
    EXPECT_EQ(b.io.splice(out, to, 100), -EAGAIN);
    EXPECT_EQ(b.take(far), "through a pipe");
    b.io.shutdown(near, SHUT_WR);
    EXPECT_EQ(b.io.splice(from, in, 100), 0);
    b.io.close(in);
    EXPECT_EQ(b.io.splice(out, to, 100), 0);
}

TEST(sim_pipe, splice_stops_where_there_is_no_room) {
    sim_bench b;
    const auto [near, from] = b.tcp_pair();
    const auto [out, in] = b.pipe();
    fill_pipe(b, in);
    b.send(near, "waits");
    EXPECT_EQ(b.io.splice(from, in, 100), -EAGAIN);
    EXPECT_EQ(b.take(from), "waits") << "nothing was taken";
    const auto [to, far] = b.tcp_pair(81);
    b.fill(to);
    EXPECT_EQ(b.io.splice(out, to, 100), -EAGAIN);
    EXPECT_EQ(b.read(out, 70'000).size(), 65'536U);
}

TEST(sim_pipe, splice_refuses_what_the_kernel_does) {
    sim_bench b;
    const auto [near, far] = b.tcp_pair();
    const auto [out, in] = b.pipe();
    EXPECT_EQ(b.io.splice(near, far, 10), -EINVAL);
    EXPECT_EQ(b.io.splice(out, in, 10), -EINVAL);
    EXPECT_EQ(b.io.splice(in, near, 10), -EBADF);
    EXPECT_EQ(b.io.splice(b.udp(), in, 10), -EINVAL);
    b.io.close(out);
    b.send(near, "x");
    EXPECT_EQ(b.io.splice(far, in, 10), -EPIPE);
}

TEST(sim_pipe, splice_moves_from_pipe_to_pipe) {
    sim_bench b;
    const auto [out, in] = b.pipe();
    const auto [other_out, other_in] = b.pipe();
    b.write(in, std::string(5'000, 'x'));
    EXPECT_EQ(b.io.splice(out, other_in, 4'500), 4'500);
    EXPECT_EQ(b.io.splice(out, other_in, 4'500), 500);
    EXPECT_EQ(b.read(other_out, 10'000).size(), 5'000U);
}

}  // namespace
