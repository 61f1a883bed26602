// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"

// The next connection of a listener as a case of select.

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco::net::unix_endpoint;
using mioco::net::unix_listener;
using mioco::net::unix_seqpacket_listener;
using mioco::net::unix_stream;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::read_some;
using mioco_test::until_somebody_waits;

class accepting : public mioco_test::anywhere {};

TEST_P(accepting, gives_the_connection) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        EXPECT_EQ(mioco::select(listener.accepting(), mioco::otherwise).index(), 1U);
        beside client([&] {
            until_somebody_waits(listener.native_handle());
            auto near = tcp_stream::connect(listener.local());
            near.write_all("hello"sv);
            EXPECT_EQ(read_some(near), "");
        });
        auto event = mioco::select(mioco::after(1h), listener.accepting());
        ASSERT_EQ(event.index(), 1U);
        auto& far = std::get<1>(event);
        EXPECT_EQ(far.local(), listener.local());
        EXPECT_EQ(far.peer().address_string(), "127.0.0.1");
        EXPECT_EQ(read_some(far), "hello");
        far.close();
        client.join();
    });
}

TEST_P(accepting, unix_listeners_too) {
    inside([] {
        auto streams = unix_listener::bind(unix_endpoint());
        auto records = unix_seqpacket_listener::bind(unix_endpoint());
        beside client([&] {
            until_somebody_waits(streams.native_handle());
            auto near = unix_stream::connect(streams.local());
            near.write_all("hello"sv);
            EXPECT_EQ(read_some(near), "");
        });
        auto event = mioco::select(streams.accepting(), records.accepting());
        ASSERT_EQ(event.index(), 0U);
        EXPECT_EQ(read_some(std::get<0>(event)), "hello");
        std::get<0>(event).close();
        client.join();
        auto near = mioco::net::unix_seqpacket::connect(records.local());
        EXPECT_EQ(mioco::select(streams.accepting(), records.accepting()).index(), 1U);
    });
}

// Both have a connection, and each select takes one of them.
TEST_P(accepting, a_case_that_loses_accepts_nothing) {
    inside([] {
        auto one = tcp_listener::bind("127.0.0.1:0");
        auto other = tcp_listener::bind("127.0.0.1:0");
        constexpr int count = 8;
        std::vector<tcp_stream> clients;
        for (int i = 0; i < count; ++i) {
            clients.push_back(tcp_stream::connect(one.local()));
            clients.push_back(tcp_stream::connect(other.local()));
        }
        std::vector<tcp_stream> accepted;
        for (int i = 0; i < 2 * count; ++i) {
            auto event = mioco::select(one.accepting(), other.accepting());
            accepted.push_back(event.index() == 0 ? std::get<0>(std::move(event))
                                                  : std::get<1>(std::move(event)));
        }
        EXPECT_FALSE(one.try_accept());
        EXPECT_FALSE(other.try_accept());
        std::size_t of_one = 0;
        for (const auto& each : accepted) of_one += each.local() == one.local() ? 1U : 0U;
        EXPECT_EQ(of_one, static_cast<std::size_t>(count));
    });
}

TEST_P(accepting, several_selects_share_a_listener) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        const auto accept_one = [&] {
            auto event = mioco::select(listener.accepting(), mioco::after(1h));
            EXPECT_EQ(event.index(), 0U);
        };
        beside first(accept_one);
        beside second(accept_one);
        until_somebody_waits(listener.native_handle());
        const auto near = tcp_stream::connect(listener.local());
        const auto far = tcp_stream::connect(listener.local());
        first.join();
        second.join();
        EXPECT_FALSE(listener.try_accept());
    });
}

TEST_P(accepting, close_and_no_listener_are_errors) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        beside closer([&] {
            until_somebody_waits(listener.native_handle());
            listener.close();
        });
        EXPECT_EQ(error_of([&] { mioco::select(listener.accepting(), mioco::after(1h)); }),
                  std::errc::bad_file_descriptor);
        closer.join();
        EXPECT_EQ(error_of([] { mioco::select(unix_listener().accepting()); }),
                  std::errc::bad_file_descriptor);
    });
}

TEST_P(accepting, error_code_forms_of_listeners_and_setters) {
    inside([] {
        std::error_code ec;
        EXPECT_TRUE(tcp_listener::bind("127.0.0.1:0", {}, ec).is_open());
        EXPECT_FALSE(ec);
        EXPECT_FALSE(tcp_listener::bind("no address", {}, ec).is_open());
        EXPECT_TRUE(ec);
        EXPECT_FALSE(tcp_listener().try_accept(ec));
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);

        const auto expect_refused = [&](auto call) {
            ec.clear();
            call();
            EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        };
        tcp_stream stream;
        expect_refused([&] { stream.nodelay(true, ec); });
        expect_refused([&] { stream.keepalive({}, ec); });
        expect_refused([&] { EXPECT_EQ(stream.local(ec), mioco::net::endpoint()); });
        mioco::net::udp_socket udp;
        expect_refused([&] { udp.broadcast(true, ec); });
        expect_refused([&] { udp.multicast_loop(true, ec); });
        expect_refused([&] { udp.multicast_ttl(1, ec); });
        expect_refused([&] { udp.multicast_interface(0, ec); });
        expect_refused([&] { static_cast<void>(udp.peer(ec)); });
        expect_refused([&] { static_cast<void>(unix_stream().local(ec)); });
        expect_refused([&] { static_cast<void>(mioco::net::unix_datagram().peer(ec)); });
        expect_refused([&] { static_cast<void>(mioco::pipe_reader().capacity(ec)); });
    });
}

TEST_P(accepting, a_unix_streams_readiness_tells_in_which_direction) {
    inside([] {
        auto [near, far] = unix_stream::pair();
        auto found = std::get<0>(mioco::select(near.ready()));
        EXPECT_TRUE(found.writable);
        EXPECT_FALSE(found.readable);
        const std::string block(65536, 'x');
        while (near.try_write(block)) {
        }
        EXPECT_EQ(mioco::select(near.ready(), mioco::otherwise).index(), 1U);
        beside writer([&near = near, &far = far] {
            until_somebody_waits(near.native_handle());
            far.write_all("!"sv);
        });
        found = std::get<0>(mioco::select(near.ready()));
        EXPECT_TRUE(found.readable);
        EXPECT_FALSE(found.writable);
        writer.join();
        EXPECT_EQ(read_some(near), "!") << "the select left it";
    });
}

MIOCO_ANYWHERE(accepting);

}  // namespace
