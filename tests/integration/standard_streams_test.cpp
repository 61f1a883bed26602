// SPDX-License-Identifier: MPL-2.0
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/terminal.hpp"
#include "support/unix_path.hpp"

// Each test puts something else in the place of its own standard streams, which it is alone with: a process a test.

namespace {

using namespace std::string_view_literals;
using mioco::owned_fd;
using mioco::standard_input;
using mioco::standard_output;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::is_blocking;
using mioco_test::pattern;
using mioco_test::read_some;
using mioco_test::read_text;
using mioco_test::replaced_descriptor;
using mioco_test::terminal;
using mioco_test::until_somebody_waits;

// GoogleTest writes there, so it is the test's only while this runs.
template <class F>
void with_output(int fd, F body) {
    std::fflush(stdout);
    const replaced_descriptor output(STDOUT_FILENO, fd);
    body();
}

std::string raw_text(int fd, std::size_t size) {
    std::string text(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        const ssize_t count = read(fd, text.data() + done, size - done);
        if (count <= 0) break;
        done += static_cast<std::size_t>(count);
    }
    text.resize(done);
    return text;
}

class standard_streams : public mioco_test::anywhere {};

TEST_P(standard_streams, a_terminal_keeps_its_flags) {
    inside([] {
        const terminal tty;
        const replaced_descriptor input(STDIN_FILENO, tty.screen.get());
        with_output(tty.screen.get(), [&] {
            auto in = standard_input();
            auto out = standard_output();
            beside typist([&] {
                until_somebody_waits(in.native_handle());
                EXPECT_EQ(write(tty.controller.get(), "typed", 5), 5);
            });
            EXPECT_EQ(read_some(in), "typed");
            typist.join();
            out.write_all("shown"sv);
            EXPECT_EQ(raw_text(tty.controller.get(), 5), "shown");
            for (const int fd : {STDIN_FILENO, STDOUT_FILENO, tty.screen.get()})
                EXPECT_TRUE(is_blocking(fd));
        });
        EXPECT_TRUE(is_blocking(tty.screen.get()));
    });
}

// As cat(1) beside a program that has made its terminal non-blocking, and gets "Resource temporarily unavailable".
TEST_P(standard_streams, another_process_reads_from_the_same_terminal) {
    terminal tty;
    int told[2];
    ASSERT_EQ(pipe2(told, O_CLOEXEC), 0);
    const owned_fd told_end(told[0]);
    owned_fd telling_end(told[1]);
    const replaced_descriptor input(STDIN_FILENO, tty.screen.get());
    int begun[2];
    ASSERT_EQ(pipe2(begun, O_CLOEXEC), 0);
    const owned_fd begun_end(begun[0]);
    owned_fd beginning_end(begun[1]);
    const pid_t other = fork();
    if (other == 0) {
        char text[8];
        if (read(begun[0], text, 1) != 1) _exit(2);
        if (!is_blocking(STDIN_FILENO)) _exit(3);
        const ssize_t count = read(STDIN_FILENO, text, sizeof text);
        if (count > 0 && write(told[1], text, static_cast<std::size_t>(count)) == count) _exit(0);
        _exit(1);
    }
    inside([&] {
        auto in = standard_input();
        char text[8];
        EXPECT_EQ(in.try_read(text), std::nullopt);
        EXPECT_EQ(write(beginning_end.get(), "!", 1), 1);
        EXPECT_EQ(write(tty.controller.get(), "theirs", 6), 6);
        telling_end.reset();
        EXPECT_EQ(raw_text(told_end.get(), 6), "theirs");
    });
    int status = 0;
    EXPECT_EQ(waitpid(other, &status, 0), other);
    EXPECT_EQ(status, 0);
}

TEST_P(standard_streams, pipes_keep_their_flags) {
    inside([] {
        int ends[2];
        ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
        const owned_fd out_end(ends[0]);
        owned_fd in_end(ends[1]);
        const std::string sent = pattern(300'000);
        std::string received;
        const replaced_descriptor input(STDIN_FILENO, out_end.get());
        with_output(in_end.get(), [&] {
            auto in = standard_input();
            auto out = standard_output();
            in_end.reset();
            beside writer([&] {
                until_somebody_waits(in.native_handle());
                out.write_all(sent);
            });
            received = read_text(in, sent.size());
            writer.join();
            EXPECT_TRUE(is_blocking(STDIN_FILENO));
            EXPECT_TRUE(is_blocking(STDOUT_FILENO));
        });
        EXPECT_EQ(received, sent);
        auto in = standard_input();
        in.wait_readable();
        EXPECT_EQ(read_some(in), "") << "every writer has closed";
    });
}

// Opened anew, a named pipe without writers is not known to be at its end.
TEST_P(standard_streams, a_named_pipe_that_was_written_before_has_an_end) {
    inside([] {
        const mioco_test::socket_folder folder;
        const std::string path = folder.path("pipe");
        ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
        const owned_fd out_end(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        ASSERT_EQ(write(owned_fd(open(path.c_str(), O_WRONLY | O_CLOEXEC)).get(), "all", 3), 3);
        fcntl(out_end.get(), F_SETFL, 0);
        const replaced_descriptor input(STDIN_FILENO, out_end.get());
        auto in = standard_input();
        in.wait_readable();
        EXPECT_EQ(read_some(in), "all");
        in.wait_readable();
        EXPECT_EQ(read_some(in), "");
        EXPECT_EQ(in.read_lease().size(), 0U);
    });
}

TEST_P(standard_streams, a_socket_keeps_its_flags) {
    inside([] {
        int ends[2];
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        const owned_fd near(ends[0]);
        auto far = mioco::net::unix_stream::adopt(ends[1]);
        const replaced_descriptor input(STDIN_FILENO, near.get());
        with_output(near.get(), [&] {
            auto in = standard_input();
            auto out = standard_output();
            beside writer([&] {
                until_somebody_waits(in.native_handle());
                far.write_all("request"sv);
            });
            EXPECT_EQ(read_some(in), "request");
            writer.join();
            const std::string sent = pattern(1'000'000);
            beside reader([&] { EXPECT_EQ(read_text(far, sent.size()), sent); });
            out.write_all(sent);
            reader.join();
            EXPECT_TRUE(is_blocking(near.get()));
            far.close();
            std::error_code ec;
            out.write_all("x"sv, ec);
            EXPECT_EQ(ec, std::errc::broken_pipe) << "and no SIGPIPE";
        });
    });
}

TEST_P(standard_streams, files_are_read_and_written_at_their_position) {
    inside([] {
        const mioco_test::socket_folder folder;
        const std::string path = folder.path("file");
        const owned_fd file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        const std::string sent = pattern(100'000);
        with_output(file.get(), [&] {
            auto out = standard_output();
            out.write_all(std::string_view(sent).substr(0, 3));
            EXPECT_EQ(out.try_write(std::string_view(sent).substr(3)), sent.size() - 3);
        });
        EXPECT_EQ(std::filesystem::file_size(path), sent.size());
        ASSERT_EQ(lseek(file.get(), 0, SEEK_SET), 0);
        const replaced_descriptor input(STDIN_FILENO, file.get());
        auto in = standard_input();
        EXPECT_EQ(mioco::select(in.readable(), mioco::otherwise).index(), 0U);
        const auto part = in.read_lease();
        EXPECT_EQ(part.text(), sent.substr(0, part.size()));
        EXPECT_EQ(read_text(in, sent.size() - part.size()), sent.substr(part.size()));
        EXPECT_EQ(read_some(in), "");
        EXPECT_TRUE(is_blocking(file.get()));
    });
}

TEST_P(standard_streams, the_null_device_is_empty_and_takes_all) {
    inside([] {
        const owned_fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
        const replaced_descriptor input(STDIN_FILENO, null.get());
        auto in = standard_input();
        in.wait_readable();
        EXPECT_EQ(read_some(in), "");
        with_output(null.get(), [&] { standard_output().write_all(pattern(100'000)); });
        EXPECT_TRUE(is_blocking(null.get()));
    });
}

TEST_P(standard_streams, a_closed_one_is_no_descriptor) {
    inside([] {
        const replaced_descriptor input(STDIN_FILENO, -1);
        const auto expect_none = [] {
            auto in = standard_input();
            EXPECT_FALSE(in.is_open());
            std::error_code ec;
            char byte[1];
            EXPECT_EQ(in.read(byte, ec), 0U);
            EXPECT_EQ(ec, std::errc::bad_file_descriptor);
            EXPECT_EQ(error_of([&] { in.wait_readable(); }), std::errc::bad_file_descriptor);
            EXPECT_FALSE(standard_input(ec).is_open());
            EXPECT_FALSE(ec);
        };
        expect_none();
        auto ends =
            mioco::pipe();  // takes the number, unless another thread has a file open just now
        while (ends.first.native_handle() != STDIN_FILENO) {
            mioco::yield();
            ends = mioco::pipe();
        }
        expect_none();
    });
}

MIOCO_ANYWHERE(standard_streams);

}  // namespace
