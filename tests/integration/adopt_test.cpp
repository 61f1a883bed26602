// SPDX-License-Identifier: MPL-2.0
#include <string>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"

namespace {

using namespace std::string_view_literals;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco_test::beside;
using mioco_test::connected_pair;
using mioco_test::error_of;
using mioco_test::raw_client;
using mioco_test::read_some;
using mioco_test::read_text;
using mioco_test::until_somebody_waits;

bool is_blocking(int fd) { return (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0; }

class adopt : public mioco_test::anywhere {};

TEST_P(adopt, release_gives_a_blocking_socket_that_works) {
    inside([] {
        auto [near, far] = connected_pair();
        // Once waited, so that a poller knows it.
        beside writer([&far = far, &near = near] {
            until_somebody_waits(near.native_handle());
            far.write_all("first"sv);
        });
        EXPECT_EQ(read_some(near), "first");
        writer.join();

        const int number = near.native_handle();
        const int fd = near.release();
        EXPECT_EQ(fd, number);
        EXPECT_FALSE(near.is_open());
        EXPECT_TRUE(is_blocking(fd));
        EXPECT_EQ(error_of([&near = near] { near.release(); }), std::errc::bad_file_descriptor);
        far.write_all("second"sv);
        char buffer[6];
        EXPECT_EQ(recv(fd, buffer, sizeof buffer, MSG_WAITALL), 6);
        EXPECT_EQ(close(fd), 0);
        EXPECT_EQ(read_some(far), "");
    });
}

TEST_P(adopt, a_round_trip_leaves_the_socket_as_it_was) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        for (const bool blocking : {true, false}) {
            const int fd = raw_client(listener.local()).release();
            auto far = listener.accept();
            if (!blocking) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
            for (int round = 0; round < 3; ++round) {
                auto near = tcp_stream::adopt(fd);
                EXPECT_EQ(near.native_handle(), fd);
                EXPECT_EQ(near.peer(), listener.local());
                EXPECT_EQ(near.local(), far.peer());
                EXPECT_FALSE(is_blocking(fd));
                beside writer([&] {
                    until_somebody_waits(fd);
                    far.write_all("hello"sv);
                });
                EXPECT_EQ(read_some(near), "hello");
                writer.join();
                EXPECT_EQ(near.release(), fd);
                EXPECT_EQ(is_blocking(fd), blocking);
            }
            close(fd);
        }
    });
}

TEST_P(adopt, what_is_released_in_one_stream_goes_on_in_another) {
    inside([] {
        auto [near, far] = connected_pair();
        for (int round = 0; round < 20; ++round) {
            beside echo([&far = far] { far.write_all(read_text(far, 4)); });
            near.write_all("ping"sv);
            EXPECT_EQ(read_text(near, 4), "ping");
            echo.join();
            near = tcp_stream::adopt(near.release());
        }
    });
}

TEST_P(adopt, release_is_refused_while_somebody_waits) {
    inside([] {
        auto [near, far] = connected_pair();
        beside reader([&near = near] { EXPECT_EQ(read_some(near), "late"); });
        until_somebody_waits(near.native_handle());
        EXPECT_EQ(error_of([&near = near] { near.release(); }), std::errc::device_or_resource_busy);
        EXPECT_TRUE(near.is_open());
        far.write_all("late"sv);
        reader.join();
        const int fd = near.release();
        EXPECT_GE(fd, 0);
        close(fd);
    });
}

// Two descriptors of one open connection, as after dup(2) or in a child process.
TEST_P(adopt, closing_a_duplicate_leaves_the_other_alone) {
    inside([] {
        auto [near, far] = connected_pair();
        const int original = near.release();
        auto duplicate = tcp_stream::adopt(dup(original));
        beside writer([&far = far, fd = duplicate.native_handle()] {
            until_somebody_waits(fd);
            far.write_all("one"sv);
        });
        EXPECT_EQ(read_some(duplicate), "one");
        writer.join();
        duplicate = tcp_stream();

        near = tcp_stream::adopt(original);
        beside second([&far = far, original] {
            until_somebody_waits(original);
            far.write_all("two"sv);
        });
        EXPECT_EQ(read_some(near), "two");
        second.join();
    });
}

TEST_P(adopt, refuses_what_is_no_connection_and_leaves_it_to_the_caller) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        const int unconnected = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        ASSERT_EQ(connect(datagrams, listener.local().data(), listener.local().size()), 0);
        int local[2];
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, local), 0);
        int pipe_ends[2];
        ASSERT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);

        EXPECT_EQ(error_of([&] { tcp_stream::adopt(unconnected); }), std::errc::not_connected);
        EXPECT_EQ(error_of([&] { tcp_stream::adopt(datagrams); }), std::errc::wrong_protocol_type);
        EXPECT_EQ(error_of([&] { tcp_stream::adopt(local[0]); }),
                  std::errc::address_family_not_supported);
        EXPECT_EQ(error_of([&] { tcp_stream::adopt(pipe_ends[0]); }), std::errc::not_a_socket);
        EXPECT_EQ(error_of([] { tcp_stream::adopt(-1); }), std::errc::bad_file_descriptor);
        for (const int fd :
             {unconnected, datagrams, local[0], local[1], pipe_ends[0], pipe_ends[1]}) {
            EXPECT_TRUE(is_blocking(fd));
            EXPECT_EQ(close(fd), 0) << "still the caller's";
        }
    });
}

MIOCO_ANYWHERE(adopt);

}  // namespace
