// SPDX-License-Identifier: MPL-2.0
#include <csignal>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sys.hpp"
#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"

namespace {

using namespace std::string_view_literals;
using mioco::pipe_reader;
using mioco::pipe_writer;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::pattern;
using mioco_test::read_some;
using mioco_test::read_text;
using mioco_test::until_somebody_waits;

class pipes : public mioco_test::anywhere {};

TEST_P(pipes, what_goes_in_comes_out_and_the_end_is_zero) {
    inside([] {
        auto [out, in] = mioco::pipe();
        for (const int fd : {out.native_handle(), in.native_handle()}) {
            EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
            EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        }
        beside writer([&out = out, &in = in] {
            until_somebody_waits(out.native_handle());
            in.write_all("first"sv);
            until_somebody_waits(out.native_handle());
            in = pipe_writer();
        });
        EXPECT_EQ(read_some(out), "first");
        EXPECT_EQ(read_some(out), "");
        EXPECT_EQ(read_some(out), "");
        writer.join();
    });
}

TEST_P(pipes, everything_gets_past_a_slow_reader) {
    inside([] {
        auto [out, in] = mioco::pipe({.capacity_bytes = 4096});
        const std::string sent = pattern(300'000);
        beside writer([&in = in, &sent] {
            in.write_all(sent);
            in.close();
        });
        until_somebody_waits(in.native_handle(), mioco::detail::side::write);
        std::string received;
        while (true) {
            const auto part = out.read_lease();
            if (part.empty()) break;
            received += part.text();
        }
        EXPECT_EQ(received, sent);
        writer.join();
    });
}

TEST_P(pipes, several_buffers_and_try_forms) {
    inside([] {
        auto [out, in] = mioco::pipe();
        char first[3];
        char second[8];
        EXPECT_EQ(out.try_read(first), std::nullopt);
        const iovec into[] = {{first, sizeof first}, {second, sizeof second}};
        std::string text = "onetwo";
        const iovec from[] = {{text.data(), 2}, {text.data() + 2, 4}};
        EXPECT_EQ(in.writev(from), 6U);
        EXPECT_EQ(out.readv(into), 6U);
        EXPECT_EQ(std::string_view(second, 3), "two");
        const std::string block(4096, 'x');
        while (in.try_write(block)) {
        }
        std::error_code ec;
        EXPECT_EQ(in.try_write(block, ec), std::nullopt);
        EXPECT_FALSE(ec);
        EXPECT_EQ(read_text(out, out.capacity()).size(), out.capacity());
        in.writable().wait();
        EXPECT_EQ(in.try_write("y"sv), 1U);
        out.readable().wait();
        EXPECT_EQ(read_some(out), "y");
        in.close();
        EXPECT_EQ(error_of([&out = out] { read_text(out, 1); }),
                  static_cast<std::errc>(mioco::errc::end_of_stream));
    });
}

TEST_P(pipes, a_pipe_that_nobody_reads_is_broken_and_raises_no_signal) {
    inside([] {
        auto [out, in] = mioco::pipe();
        out = pipe_reader();
        EXPECT_EQ(error_of([&in = in] { in.write("x"sv); }), std::errc::broken_pipe);
        std::error_code ec;
        EXPECT_EQ(in.write_all("x"sv, ec), 0U);
        EXPECT_EQ(ec, std::errc::broken_pipe);
        iovec part{&ec, 1};
        EXPECT_EQ(error_of([&in = in, &part] { in.writev({&part, 1}); }), std::errc::broken_pipe);
    });
}

TEST_P(pipes, a_waiting_writer_learns_that_the_reader_is_gone) {
    inside([] {
        auto [out, in] = mioco::pipe();
        beside writer([&in = in] {
            std::error_code ec;
            EXPECT_GT(in.write_all(pattern(1 << 20), ec), 0U);
            EXPECT_EQ(ec, std::errc::broken_pipe);
        });
        until_somebody_waits(in.native_handle(), mioco::detail::side::write);
        out = pipe_reader();
        writer.join();
    });
}

TEST_P(pipes, close_wakes_both_sides) {
    inside([] {
        auto [out, in] = mioco::pipe();
        beside reader([&out = out] {
            EXPECT_EQ(error_of([&out] { read_some(out); }), std::errc::bad_file_descriptor);
        });
        until_somebody_waits(out.native_handle());
        out.close();
        reader.join();
        EXPECT_FALSE(out.is_open());
        try {
            read_some(out);
            ADD_FAILURE() << "a closed pipe was read";
        } catch (const std::system_error& e) {
            EXPECT_STREQ(e.what(),
                         "mioco: read (it was closed, moved from, never opened, or not opened for "
                         "that): Bad file descriptor");
        }

        auto [other_out, other_in] = mioco::pipe();
        beside writer([&other_in = other_in] {
            std::error_code ec;
            other_in.write_all(pattern(1 << 20), ec);
            EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        });
        until_somebody_waits(other_in.native_handle(), mioco::detail::side::write);
        other_in.close();
        writer.join();
    });
}

TEST_P(pipes, capacity_is_told_and_set) {
    inside([] {
        auto [out, in] = mioco::pipe({.capacity_bytes = 5000});
        EXPECT_EQ(out.capacity(), 8192U);
        EXPECT_EQ(in.set_capacity(16384), 16384U);
        EXPECT_EQ(out.capacity(), 16384U);
        std::error_code ec;
        EXPECT_EQ(pipe_reader().set_capacity(4096, ec), 0U);
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
    });
}

TEST_P(pipes, adopts_ends_and_nothing_else) {
    inside([] {
        int ends[2];
        ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
        EXPECT_EQ(error_of([&] { pipe_reader::adopt(ends[1]); }), std::errc::invalid_argument);
        EXPECT_EQ(error_of([&] { pipe_writer::adopt(ends[0]); }), std::errc::invalid_argument);
        EXPECT_EQ(error_of([] { pipe_writer::adopt(-1); }), std::errc::bad_file_descriptor);
        const int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(error_of([&] { pipe_reader::adopt(other); }), std::errc::invalid_argument);
        close(other);
        auto out = pipe_reader::adopt(ends[0]);
        auto in = pipe_writer::adopt(ends[1]);
        beside writer([&] {
            until_somebody_waits(ends[0]);
            in.write_all("adopted"sv);
        });
        EXPECT_EQ(read_some(out), "adopted");
        writer.join();
        EXPECT_EQ(out.release(), ends[0]);
        EXPECT_EQ(in.release(), ends[1]);
        for (const int fd : ends) {
            EXPECT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
            close(fd);
        }
    });
}

// A writer with O_DIRECT has each of its writes read apart: a read is short though more is there.
TEST_P(pipes, packets_of_an_adopted_pipe_are_all_read) {
    inside([] {
        int ends[2];
        ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_DIRECT), 0);
        auto out = pipe_reader::adopt(ends[0]);
        auto in = pipe_writer::adopt(ends[1]);
        beside writer([&] {
            until_somebody_waits(ends[0]);
            for (const auto part : {"a"sv, "b"sv, "c"sv}) in.write_all(part);
        });
        std::string all;
        while (all.size() < 3) all += read_some(out);
        EXPECT_EQ(all, "abc");
        writer.join();
    });
}

MIOCO_ANYWHERE(pipes);

TEST(pipe_cancel, a_stop_wakes_reader_and_writer) {
    mioco::runtime runtime(mioco::config{}.workers(2));
    auto [out, in] = mioco::pipe();
    auto [full_out, full_in] = mioco::pipe();
    auto reader = runtime.spawn([&out = out] { read_some(out); });
    auto writer = runtime.spawn([&full_in = full_in] { full_in.write_all(pattern(1 << 20)); });
    until_somebody_waits(out.native_handle());
    until_somebody_waits(full_in.native_handle(), mioco::detail::side::write);
    runtime.stop();
    EXPECT_EQ(error_of([&] { reader.join(); }), std::errc::operation_canceled);
    EXPECT_EQ(error_of([&] { writer.join(); }), std::errc::operation_canceled);
}

volatile std::sig_atomic_t signals_seen = 0;

// Of the way for kernels that cannot leave the signal out.
TEST(quiet_write, takes_its_own_signal_away_and_no_other) {
    struct sigaction count{};
    count.sa_handler = [](int) { signals_seen = signals_seen + 1; };
    struct sigaction before{};
    ASSERT_EQ(sigaction(SIGPIPE, &count, &before), 0);
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    close(ends[0]);
    char byte = 'x';
    const iovec part{&byte, 1};
    EXPECT_EQ(mioco::detail::sys::write_blocking_sigpipe(ends[1], &part, 1), -EPIPE);
    EXPECT_EQ(mioco::detail::sys::write_quietly(ends[1], &part, 1), -EPIPE);
    EXPECT_EQ(signals_seen, 0);

    sigset_t sigpipe;
    sigset_t mask;
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &mask);
    raise(SIGPIPE);
    EXPECT_EQ(mioco::detail::sys::write_blocking_sigpipe(ends[1], &part, 1), -EPIPE);
    EXPECT_EQ(signals_seen, 0);
    pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    EXPECT_EQ(signals_seen, 1) << "what was pending before is delivered";
    EXPECT_EQ(mioco::detail::sys::write_blocking_sigpipe(ends[1], &part, 1), -EPIPE);
    EXPECT_EQ(signals_seen, 1);
    sigaction(SIGPIPE, &before, nullptr);
    close(ends[1]);
}

}  // namespace
