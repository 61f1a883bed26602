// SPDX-License-Identifier: MPL-2.0
#include <filesystem>
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
#include "support/unix_path.hpp"

namespace {

using namespace std::string_view_literals;
using mioco::net::unix_datagram;
using mioco::net::unix_endpoint;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::socket_folder;
using mioco_test::until_somebody_waits;

class unix_datagrams : public mioco_test::anywhere {};

TEST_P(unix_datagrams, one_comes_with_the_path_of_its_sender) {
    inside([] {
        const socket_folder folder;
        auto server = unix_datagram::bind(folder.path("server"));
        auto client = unix_datagram::bind(folder.path("client"));
        beside sender([&] {
            until_somebody_waits(server.native_handle());
            EXPECT_EQ(client.send_to("hello"sv, server.local()), 5U);
        });
        char buffer[4];
        const auto got = server.recv_from(buffer);
        EXPECT_EQ(got.size, 4U);
        EXPECT_TRUE(got.truncated);
        EXPECT_EQ(got.sender.path(), folder.path("client"));
        sender.join();
        server.send_to("yes"sv, got.sender);
        EXPECT_EQ(client.recv(buffer), 3U);
        auto nameless = unix_datagram::unbound();
        nameless.send_to("?"sv, server.local());
        EXPECT_TRUE(server.recv_from(buffer).sender.is_unnamed());
    });
}

TEST_P(unix_datagrams, a_connected_sender_waits_for_room) {
    inside([] {
        auto server = unix_datagram::bind(unix_endpoint());
        auto client = unix_datagram::unbound();
        client.connect(server.local());
        EXPECT_EQ(client.peer(), server.local());
        std::size_t queued = 0;
        while (client.try_send("x"sv)) ++queued;
        EXPECT_GT(queued, 0U);
        beside sender([&] { EXPECT_EQ(client.send("last"sv), 4U); });
        until_somebody_waits(client.native_handle(), mioco::detail::side::write);
        char buffer[8];
        for (std::size_t i = 0; i < queued; ++i) EXPECT_EQ(server.recv(buffer), 1U);
        EXPECT_EQ(server.recv(buffer), 4U);
        sender.join();
    });
}

// A full receiver is no event of a socket that is not connected to it.
TEST_P(unix_datagrams, an_unconnected_sender_gets_past_a_full_receiver) {
    inside([] {
        auto server = unix_datagram::bind(unix_endpoint());
        auto client = unix_datagram::unbound();
        const auto to = server.local();
        std::size_t queued = 0;
        while (client.try_send_to("x"sv, to)) ++queued;
        beside sender([&] { EXPECT_EQ(client.send_to("last"sv, to), 4U); });
        char buffer[8];
        for (std::size_t i = 0; i < queued; ++i) EXPECT_EQ(server.recv(buffer), 1U);
        EXPECT_EQ(server.recv(buffer), 4U);
        sender.join();
    });
}

TEST_P(unix_datagrams, close_ends_a_sender_that_finds_no_room) {
    inside([] {
        auto server = unix_datagram::bind(unix_endpoint());
        auto client = unix_datagram::unbound();
        const auto to = server.local();
        while (client.try_send_to("x"sv, to)) {
        }
        mioco_test::flag begun;
        beside sender([&] {
            begun.raise();
            EXPECT_EQ(error_of([&] { client.send_to("x"sv, to); }), std::errc::bad_file_descriptor);
        });
        begun.await();
        client.close();
        sender.join();
    });
}

// On one worker the sender has begun to wait once another runs.
TEST(unix_datagram, is_not_released_while_a_sender_finds_no_room) {
    mioco::run(mioco::config{}.workers(1), [] {
        auto server = unix_datagram::bind(unix_endpoint());
        auto client = unix_datagram::unbound();
        const auto to = server.local();
        while (client.try_send_to("x"sv, to)) {
        }
        mioco_test::flag begun;
        auto sender = mioco::spawn([&] {
            begun.raise();
            EXPECT_EQ(client.send_to("last"sv, to), 4U);
        });
        begun.await();
        EXPECT_EQ(error_of([&] { client.release(); }), std::errc::device_or_resource_busy);
        char buffer[8];
        while (server.recv(buffer) == 1) {
        }
        sender.join();
        const mioco::owned_fd released(client.release());
    });
}

TEST_P(unix_datagrams, a_pair_is_connected) {
    inside([] {
        auto [near, far] = unix_datagram::pair();
        far.send("one"sv);
        far.send(""sv);
        char buffer[8];
        EXPECT_EQ(near.recv(buffer), 3U);
        EXPECT_EQ(near.recv(buffer), 0U);
        EXPECT_EQ(near.try_recv(buffer), std::nullopt);
        beside reader([&near = near] {
            char room[8];
            EXPECT_EQ(error_of([&] { near.recv(room); }), std::errc::bad_file_descriptor);
        });
        until_somebody_waits(near.native_handle());
        near.close();
        reader.join();
        EXPECT_EQ(error_of([&far = far] { far.send("x"sv); }), std::errc::connection_refused);
    });
}

TEST_P(unix_datagrams, files_and_errors_as_of_listeners) {
    inside([] {
        const socket_folder folder;
        const std::string path = folder.path("server");
        {
            const auto crashed = unix_datagram::bind(path);
        }
        EXPECT_EQ(error_of([&] { unix_datagram::bind(path); }), std::errc::address_in_use);
        auto next = unix_datagram::bind(path, {.remove_stale = true, .remove_on_close = true});
        EXPECT_EQ(error_of([&] { unix_datagram::bind(path, {.remove_stale = true}); }),
                  std::errc::address_in_use);
        next = unix_datagram();
        EXPECT_FALSE(std::filesystem::exists(path));
        std::error_code ec;
        unix_datagram::unbound().connect(path, ec);
        EXPECT_EQ(ec, std::errc::no_such_file_or_directory);
        EXPECT_EQ(error_of([] { unix_datagram().send("x"sv); }), std::errc::bad_file_descriptor);
    });
}

TEST_P(unix_datagrams, adopt_and_release_leave_it_as_it_was) {
    inside([] {
        const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        auto adopted = unix_datagram::adopt(fd);
        EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        EXPECT_TRUE(adopted.local().is_unnamed());
        EXPECT_EQ(adopted.release(), fd);
        EXPECT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        EXPECT_EQ(error_of([&] { mioco::net::udp_socket::adopt(fd); }),
                  std::errc::address_family_not_supported);
        close(fd);
    });
}

MIOCO_ANYWHERE(unix_datagrams);

}  // namespace
