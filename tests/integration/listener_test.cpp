// SPDX-License-Identifier: MPL-2.0
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"

namespace {

using namespace std::string_view_literals;
using mioco::net::endpoint;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::raw_client;
using mioco_test::read_some;
using mioco_test::read_text;
using mioco_test::until_somebody_waits;

int option_of(int fd, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(getsockopt(fd, SOL_SOCKET, name, &value, &size), 0);
    return value;
}

class listener : public mioco_test::anywhere {};

TEST_P(listener, port_zero_takes_a_free_one_and_local_tells_it) {
    inside([] {
        auto first = tcp_listener::bind("127.0.0.1:0");
        auto second = tcp_listener::bind(endpoint::loopback_v4(0));
        EXPECT_EQ(first.local().address_string(), "127.0.0.1");
        EXPECT_NE(first.local().port(), 0);
        EXPECT_NE(first.local(), second.local());
        EXPECT_EQ(tcp_listener::bind(":0").local().address_string(), "0.0.0.0");
        EXPECT_EQ(tcp_listener::bind("[::1]:0").local().address_string(), "::1");
    });
}

TEST_P(listener, a_port_in_use_is_an_error_that_names_the_address) {
    inside([] {
        auto first = tcp_listener::bind("127.0.0.1:0");
        const endpoint taken = first.local();
        try {
            tcp_listener::bind(taken);
            ADD_FAILURE() << "bound twice";
        } catch (const std::system_error& e) {
            EXPECT_EQ(e.code(), std::errc::address_in_use);
            EXPECT_EQ(std::string(e.what()),
                      "mioco: listen on " + taken.to_string() +
                          " (another socket is there: choose another port, or 0 for a free one): "
                          "Address already in use");
        }
        std::error_code ec;
        auto none = tcp_listener::bind(taken, {}, ec);
        EXPECT_EQ(ec, std::errc::address_in_use);
        EXPECT_EQ(none.native_handle(), -1);

        first.close();
        first = tcp_listener();
        none = tcp_listener::bind(taken, {}, ec);
        EXPECT_FALSE(ec) << "once it is free it can be bound";
    });
}

TEST_P(listener, an_address_of_another_host_is_refused) {
    inside([] {
        std::error_code ec;
        tcp_listener::bind(endpoint::parse("192.0.2.1:0"), {}, ec);
        EXPECT_EQ(ec, std::errc::address_not_available);
        EXPECT_EQ(error_of([] { tcp_listener::bind("192.0.2.1:0"); }),
                  std::errc::address_not_available);
        EXPECT_EQ(error_of([] { tcp_listener::bind("somewhere"); }), std::errc::invalid_argument);
    });
}

TEST_P(listener, a_port_is_bound_again_while_old_connections_linger) {
    inside([] {
        auto first = tcp_listener::bind("127.0.0.1:0");
        const endpoint address = first.local();
        auto near = tcp_stream::connect(address);
        auto far = first.accept();
        // Who closes first has the connection linger in TIME_WAIT.
        far = tcp_stream();
        EXPECT_EQ(read_some(near), "");
        near = tcp_stream();
        first = tcp_listener();
        EXPECT_NO_THROW(tcp_listener::bind(address));
    });
}

TEST_P(listener, options_reach_the_socket) {
    inside([] {
        auto plain = tcp_listener::bind("127.0.0.1:0");
        EXPECT_EQ(option_of(plain.native_handle(), SO_REUSEADDR), 1);
        EXPECT_EQ(option_of(plain.native_handle(), SO_REUSEPORT), 0);
        auto other = tcp_listener::bind("127.0.0.1:0",
                                        {.backlog = 7, .reuse_address = false, .reuse_port = true});
        EXPECT_EQ(option_of(other.native_handle(), SO_REUSEADDR), 0);
        EXPECT_EQ(option_of(other.native_handle(), SO_REUSEPORT), 1);
        // Of a listening socket this field is its backlog.
        tcp_info info{};
        socklen_t size = sizeof info;
        ASSERT_EQ(getsockopt(other.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
        EXPECT_EQ(info.tcpi_sacked, 7U);
        for (auto* const each : {&plain, &other}) {
            EXPECT_NE(fcntl(each->native_handle(), F_GETFD) & FD_CLOEXEC, 0);
            EXPECT_NE(fcntl(each->native_handle(), F_GETFL) & O_NONBLOCK, 0);
        }
    });
}

TEST_P(listener, two_share_a_port_if_both_want_to) {
    inside([] {
        auto first = tcp_listener::bind("127.0.0.1:0", {.reuse_port = true});
        auto second = tcp_listener::bind(first.local(), {.reuse_port = true});
        EXPECT_EQ(error_of([&] { tcp_listener::bind(first.local()); }), std::errc::address_in_use);
        // The kernel chooses by the client's port; among so many each gets one.
        std::vector<tcp_stream> clients;
        int accepted[2] = {0, 0};
        while ((accepted[0] == 0 || accepted[1] == 0) && clients.size() < 1000) {
            clients.push_back(tcp_stream::connect(first.local()));
            // Both queues are looked at, as one of them has the connection.
            if (first.try_accept()) ++accepted[0];
            if (second.try_accept()) ++accepted[1];
        }
        EXPECT_GT(accepted[0], 0);
        EXPECT_GT(accepted[1], 0);
    });
}

TEST_P(listener, accept_waits_and_tells_the_peer) {
    inside([] {
        auto listening = tcp_listener::bind("127.0.0.1:0");
        beside client([&] {
            until_somebody_waits(listening.native_handle());
            auto near = tcp_stream::connect(listening.local());
            near.write_all(near.local().to_string());
        });
        auto accepted = listening.accept();
        const std::string peer = accepted.peer().to_string();
        EXPECT_EQ(read_text(accepted, peer.size()), peer);
        EXPECT_NE(fcntl(accepted.native_handle(), F_GETFD) & FD_CLOEXEC, 0);
        client.join();
    });
}

TEST_P(listener, accept_with_an_error_code_gives_the_connection_too) {
    inside([] {
        auto listening = tcp_listener::bind("[::1]:0");
        const auto near = tcp_stream::connect(listening.local());
        std::error_code ec = std::make_error_code(std::errc::io_error);
        const auto accepted = listening.accept(ec);
        EXPECT_FALSE(ec);
        EXPECT_EQ(accepted.peer(), near.local());
    });
}

TEST_P(listener, try_accept_takes_what_is_there_and_never_waits) {
    inside([] {
        auto listening = tcp_listener::bind("127.0.0.1:0");
        EXPECT_FALSE(listening.try_accept());
        const auto near = tcp_stream::connect(listening.local());
        const auto accepted = listening.try_accept();
        ASSERT_TRUE(accepted);
        EXPECT_EQ(accepted->peer(), near.local());
        EXPECT_FALSE(listening.try_accept());
    });
}

TEST_P(listener, several_accept_from_one) {
    inside([] {
        constexpr int acceptors = 8;
        auto listening = tcp_listener::bind("127.0.0.1:0");
        std::vector<beside> running;
        for (int i = 0; i < acceptors; ++i) {
            running.emplace_back([&] {
                for (int accepted = 0; accepted < 3; ++accepted) {
                    auto connection = listening.accept();
                    connection.write_all(connection.peer().to_string());
                }
            });
        }
        std::vector<tcp_stream> clients;
        for (int i = 0; i < 3 * acceptors; ++i)
            clients.push_back(tcp_stream::connect(listening.local()));
        for (auto& client : clients) {
            const std::string mine = client.local().to_string();
            EXPECT_EQ(read_text(client, mine.size()), mine);
        }
        for (auto& each : running) each.join();
    });
}

TEST_P(listener, no_socket_gives_bad_file_descriptor) {
    inside([] {
        tcp_listener none;
        std::error_code ec;
        EXPECT_FALSE(none.accept(ec).is_open());
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        EXPECT_EQ(error_of([&] { none.accept(); }), std::errc::bad_file_descriptor);
        EXPECT_EQ(error_of([&] { none.try_accept(); }), std::errc::bad_file_descriptor);
        EXPECT_EQ(error_of([&] { static_cast<void>(none.local()); }),
                  std::errc::bad_file_descriptor);
        EXPECT_EQ(none.native_handle(), -1);
        EXPECT_NO_THROW(none.close());
    });
}

int listening_socket() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const endpoint any = endpoint::loopback_v4(0);
    EXPECT_EQ(bind(fd, any.data(), any.size()), 0);
    EXPECT_EQ(listen(fd, 5), 0);
    return fd;
}

TEST_P(listener, adopts_a_socket_that_listens) {
    inside([] {
        auto adopted = tcp_listener::adopt(listening_socket());
        EXPECT_FALSE(adopted.try_accept()) << "it is non-blocking now";
        beside client([&] {
            until_somebody_waits(adopted.native_handle());
            tcp_stream::connect(adopted.local()).write_all("hello"sv);
        });
        auto accepted = adopted.accept();
        EXPECT_EQ(read_text(accepted, 5), "hello");
        client.join();
    });
}

TEST_P(listener, adopts_nothing_else_and_leaves_it_to_the_caller) {
    inside([] {
        const int plain = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un nameless{};
        nameless.sun_family = AF_UNIX;
        ASSERT_EQ(
            bind(local, reinterpret_cast<const sockaddr*>(&nameless), sizeof nameless.sun_family),
            0);
        ASSERT_EQ(listen(local, 5), 0);
        int pipe_ends[2];
        ASSERT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);

        EXPECT_EQ(error_of([&] { tcp_listener::adopt(plain); }), std::errc::invalid_argument);
        EXPECT_EQ(error_of([&] { tcp_listener::adopt(local); }),
                  std::errc::address_family_not_supported);
        EXPECT_EQ(error_of([&] { tcp_listener::adopt(pipe_ends[0]); }), std::errc::not_a_socket);
        EXPECT_EQ(error_of([] { tcp_listener::adopt(-1); }), std::errc::bad_file_descriptor);
        for (const int fd : {plain, local, pipe_ends[0], pipe_ends[1]}) {
            EXPECT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
            EXPECT_EQ(close(fd), 0) << "still the caller's";
        }
    });
}

MIOCO_ANYWHERE(listener);

}  // namespace
