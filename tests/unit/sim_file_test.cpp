// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "support/sim_bench.hpp"

// Files of a simulation.

namespace {

using mioco::detail::driver;
using mioco_test::bytes_of;
using mioco_test::calm;
using mioco_test::calm_pair;
using mioco_test::sim_bench;

std::string read_at(sim_bench& b, int fd, std::int64_t offset, std::size_t most = 100) {
    std::string text(most, '\0');
    const ssize_t count = b.io.read_file(fd, std::as_writable_bytes(std::span(text)), offset);
    EXPECT_GE(count, 0);
    text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return text;
}

ssize_t write_at(sim_bench& b, int fd, std::string_view text, std::int64_t offset) {
    return b.io.write_file(fd, bytes_of(text), offset);
}

constexpr std::int64_t here = driver::here;

TEST(sim_file, what_was_written_is_read_by_another_descriptor) {
    sim_bench b;
    const int out = b.io.open_file("/data", O_WRONLY | O_CREAT, 0600);
    EXPECT_EQ(write_at(b, out, "one ", here), 4);
    EXPECT_EQ(write_at(b, out, "two", here), 3);
    EXPECT_EQ(b.io.sync_file(out, false), 0);
    EXPECT_EQ(b.io.file_size(out), 7);
    EXPECT_EQ(b.io.close_file(out), 0);
    EXPECT_EQ(b.io.close_file(out), -EBADF);
    const int in = b.io.open_file("/data", O_RDONLY, 0);
    EXPECT_EQ(read_at(b, in, here, 4), "one ");
    EXPECT_EQ(read_at(b, in, here), "two");
    EXPECT_EQ(read_at(b, in, here), "");
    struct stat status{};
    EXPECT_EQ(b.io.file_status("/data", status), 0);
    EXPECT_EQ(status.st_mode, mode_t{S_IFREG | 0600});
    EXPECT_EQ(status.st_size, 7);
}

TEST(sim_file, offsets_leave_the_position_alone) {
    sim_bench b;
    const int fd = b.io.open_file("/data", O_RDWR | O_CREAT, 0600);
    write_at(b, fd, "0123456789", here);
    EXPECT_EQ(read_at(b, fd, 7), "789");
    EXPECT_EQ(write_at(b, fd, "ab", 4), 2);
    EXPECT_EQ(b.io.seek(fd, 0, SEEK_CUR), 10);
    EXPECT_EQ(b.io.seek(fd, 3, SEEK_SET), 3);
    EXPECT_EQ(read_at(b, fd, here, 4), "3ab6");
    EXPECT_EQ(write_at(b, fd, "z", 12), 1);
    EXPECT_EQ(read_at(b, fd, 9), std::string("9\0\0z", 4));
    EXPECT_EQ(b.io.seek(fd, -1, SEEK_END), 12);
    EXPECT_EQ(b.io.seek(fd, -1, SEEK_SET), -EINVAL);
    EXPECT_EQ(b.io.seek(fd, 100, SEEK_SET), 100);
    EXPECT_EQ(read_at(b, fd, here), "");
    std::byte one[1];
    EXPECT_EQ(b.io.read_file(fd, one, -5), -EINVAL);
}

TEST(sim_file, as_many_buffers_as_the_system_takes_are_used_at_once) {
    sim_bench b;
    const int fd = b.io.open_file("/data", O_RDWR | O_CREAT, 0600);
    char byte = 'x';
    const std::vector<iovec> most(1024, {&byte, 1});
    const std::vector<iovec> more(1025, {&byte, 1});
    for (const std::int64_t offset : {here, std::int64_t{0}}) {
        EXPECT_EQ(b.io.write_file_from(fd, more, offset), -EINVAL);
        EXPECT_EQ(b.io.write_file_from(fd, most, offset), 1024);
        EXPECT_EQ(b.io.read_file_into(fd, more, offset), -EINVAL);
    }
    EXPECT_EQ(b.io.read_file_into(fd, most, 0), 1024);
}

TEST(sim_file, flags_are_those_of_open) {
    sim_bench b;
    EXPECT_EQ(b.io.open_file("/data", O_RDONLY, 0), -ENOENT);
    EXPECT_EQ(b.io.open_file("", O_RDONLY | O_CREAT, 0), -ENOENT);
    EXPECT_EQ(b.io.open_file("/folder/", O_RDWR | O_CREAT, 0), -EISDIR);
    const int first = b.io.open_file("/data", O_WRONLY | O_CREAT | O_EXCL, 0600);
    EXPECT_EQ(b.io.open_file("/data", O_WRONLY | O_CREAT | O_EXCL, 0600), -EEXIST);
    EXPECT_EQ(write_at(b, first, "much", here), 4);
    std::byte one[1];
    EXPECT_EQ(b.io.read_file(first, one, here), -EBADF);
    const int log = b.io.open_file("/data", O_WRONLY | O_APPEND, 0);
    EXPECT_EQ(write_at(b, first, " text", here), 5);
    EXPECT_EQ(write_at(b, log, "!", here), 1);
    EXPECT_EQ(b.io.file_size(first), 10);
    EXPECT_EQ(write_at(b, log, "?", 0), 1) << "as Linux, at the end in any case";
    EXPECT_EQ(read_at(b, b.io.open_file("/data", O_RDONLY, 0), 9), "!?");
    const int in = b.io.open_file("/data", O_RDONLY | O_TRUNC, 0);
    EXPECT_EQ(read_at(b, in, here), "much text!?") << "what only reads truncates nothing here";
    EXPECT_EQ(b.io.write_file(in, one, here), -EBADF);
    b.io.open_file("/data", O_WRONLY | O_TRUNC, 0);
    EXPECT_EQ(b.io.file_size(in), 0);
    EXPECT_EQ(b.io.status_flags(log), O_WRONLY | O_APPEND);
}

TEST(sim_file, a_duplicate_shares_the_position_and_a_removed_file_lives_on) {
    sim_bench b;
    const int fd = b.io.open_file("/data", O_RDWR | O_CREAT, 0600);
    write_at(b, fd, "abc", here);
    const int other = b.io.duplicate(fd);
    b.io.seek(fd, 1, SEEK_SET);
    EXPECT_EQ(read_at(b, other, here), "bc");
    EXPECT_EQ(b.io.remove_file("/data"), 0);
    EXPECT_EQ(b.io.remove_file("/data"), -ENOENT);
    EXPECT_EQ(read_at(b, fd, 0), "abc");
    EXPECT_EQ(b.io.open_file("/data", O_RDONLY, 0), -ENOENT);
}

TEST(sim_file, each_host_has_its_own) {
    sim_bench b(calm_pair());
    write_at(b, b.io.open_file("/data", O_WRONLY | O_CREAT, 0600), "a's", here);
    b.go_to("b");
    EXPECT_EQ(b.io.open_file("/data", O_RDONLY, 0), -ENOENT);
}

TEST(sim_file, it_is_sent_to_sockets_and_pipes) {
    sim_bench b;
    const int file = b.io.open_file("/data", O_RDWR | O_CREAT, 0600);
    write_at(b, file, "sent from memory", here);
    b.io.seek(file, 5, SEEK_SET);
    const auto [near, far] = b.tcp_pair();
    EXPECT_EQ(b.io.send_file(file, near, 4), 4);
    EXPECT_EQ(b.io.send_file(file, near, 100), 7);
    EXPECT_EQ(b.io.send_file(file, near, 100), 0);
    EXPECT_EQ(b.take(far), "from memory");
    b.fill(near);
    b.io.seek(file, 0, SEEK_SET);
    EXPECT_EQ(b.io.send_file(file, near, 100), -EAGAIN);
    EXPECT_EQ(b.io.seek(file, 0, SEEK_CUR), 0);
    const auto [out, in] = b.pipe();
    EXPECT_EQ(b.io.send_file(file, in, 4), 4);
    EXPECT_EQ(b.read(out), "sent");
    EXPECT_EQ(b.io.send_file(out, in, 4), -EINVAL);
    EXPECT_EQ(b.io.send_file(file, b.io.open_file("/log", O_WRONLY | O_APPEND | O_CREAT, 0600), 4),
              -EINVAL);
    const int copy = b.io.open_file("/copy", O_RDWR | O_CREAT, 0600);
    EXPECT_EQ(b.io.send_file(file, copy, 100), 12);
    EXPECT_EQ(read_at(b, copy, 0), " from memory");
}

TEST(sim_file, nobody_has_to_wait_for_one) {
    auto rough = calm();
    rough.faults.again = rough.faults.interrupted = 0.9;
    sim_bench b(rough);
    const int file = b.io.open_file("/data", O_RDWR | O_CREAT, 0600);
    const int copy = b.io.open_file("/copy", O_RDWR | O_CREAT, 0600);
    for (int i = 0; i < 100; ++i) {
        write_at(b, file, "x", here);
        b.io.seek(file, i, SEEK_SET);
        ASSERT_EQ(b.io.send_file(file, copy, 1), 1);
    }
}

TEST(sim_file, what_is_none_refuses_what_only_files_can) {
    sim_bench b;
    const auto [out, in] = b.pipe();
    std::byte one[1]{};
    EXPECT_EQ(b.io.seek(out, 0, SEEK_SET), -ESPIPE);
    EXPECT_EQ(b.io.read_file(out, one, 0), -ESPIPE);
    EXPECT_EQ(b.io.write_file(in, one, 0), -ESPIPE);
    EXPECT_EQ(b.io.sync_file(in, true), -EINVAL);
    EXPECT_EQ(b.io.file_size(in), 0);
    EXPECT_EQ(b.io.write_file(in, one, here), 1);
    EXPECT_EQ(b.io.read_file(out, one, here), 1);
}

TEST(sim_file, nobody_waits_for_one) {
    sim_bench b;
    const int fd = b.io.open_file("/data", O_RDWR | O_CREAT, 0600);
    mioco::detail::fd_object& object = *mioco::detail::new_fd_object(fd);
    EXPECT_EQ(b.events->watch(object), -EPERM);
    EXPECT_EQ(b.io.ready_now(fd, POLLIN | POLLOUT), POLLIN | POLLOUT);
    object.number.store(-1);
    mioco::detail::drop_share(object);
}

}  // namespace
