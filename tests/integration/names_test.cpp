// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <chrono>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <netdb.h>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/resolvers.hpp"
#include "support/sockets.hpp"

// Names, of the system's that it knows without a name server, and of a resolver of the test's own.

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco::net::endpoint;
using mioco::net::ip_family;
using mioco::net::resolve_errc;
using mioco::net::resolve_query;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco::net::udp_socket;
using mioco_test::error_of;
using mioco_test::message_of;
using mioco_test::names_by;

bool is_loopback(const endpoint& each) {
    return each.address_string() == "127.0.0.1" || each.address_string() == "::1";
}

std::vector<endpoint> refuse_to_answer(const resolve_query& query, std::error_code&) {
    ADD_FAILURE() << "asked for " << query.host;
    return {};
}

std::vector<endpoint> know_nothing(const resolve_query&, std::error_code& ec) {
    ec = resolve_errc::not_found;
    return {};
}

// Where nobody listens.
endpoint closed_port() { return endpoint::loopback_v4(1); }

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

class names : public mioco_test::anywhere {};

TEST_P(names, an_address_is_none_that_anybody_is_asked_for) {
    const names_by nobody(refuse_to_answer);
    inside([] {
        const auto only = [](std::string_view text) {
            const auto found = mioco::net::resolve(text);
            EXPECT_EQ(found.size(), 1U) << text;
            return found.empty() ? std::string() : found.front().to_string();
        };
        EXPECT_EQ(only("127.0.0.1:80"), "127.0.0.1:80");
        EXPECT_EQ(only("127.0.0.1"), "127.0.0.1:0");
        EXPECT_EQ(only(":80"), "0.0.0.0:80");
        EXPECT_EQ(only("[::1]:80"), "[::1]:80");
        EXPECT_EQ(only("[::1]"), "[::1]:0");
        EXPECT_EQ(only("::1"), "[::1]:0");
        std::error_code ec;
        EXPECT_TRUE(mioco::net::resolve("::1", {.family = ip_family::v4}, ec).empty());
        EXPECT_EQ(ec, resolve_errc::no_such_family);
    });
}

TEST_P(names, bad_forms_are_refused_with_a_reason) {
    const names_by nobody(refuse_to_answer);
    const std::pair<std::string, std::string> bad_forms[] = {
        {"", "it is empty"},
        {"localhost:", "the port is no number from 0 to 65535"},
        {"localhost:65616", "the port is no number from 0 to 65535"},
        {"localhost:99999999999999999999", "the port is no number from 0 to 65535"},
        {"localhost:-1", "the port is neither a number nor a name"},
        {"localhost: 80", "the port is neither a number nor a name"},
        {"[::1:80", "\"[\" has no \"]\""},
        {"[::1]80", "no \":port\" after \"]\""},
        {"http://localhost:80", "it is a URL"},
        {"[localhost]:80", "what stands in brackets is no IPv6 address"},
        {"[::1::]:80", "the host is no IPv6 address"},
        {"::1:http", "the host is no IPv6 address"},
    };
    inside([&] {
        for (const auto& [text, reason] : bad_forms) {
            std::error_code ec;
            EXPECT_TRUE(mioco::net::resolve(text, ec).empty());
            EXPECT_EQ(ec, std::errc::invalid_argument) << text;
            const std::string said = message_of([&] { mioco::net::resolve(text); });
            EXPECT_TRUE(contains(said, reason)) << text << ": " << said;
            EXPECT_TRUE(contains(said, '"' + text + '"')) << said;
        }
        EXPECT_TRUE(contains(message_of([] { mioco::net::resolve("local\0host:80"sv); }),
                             "endpoint \"local\\0host:80\": there is a zero in it"));
        for (const std::string_view text : {"localhost", "::1", "[::1]"})
            EXPECT_EQ(error_of([&] { tcp_stream::connect(text); }), std::errc::invalid_argument);
    });
}

TEST_P(names, the_system_knows_localhost) {
    inside([] {
        const auto all = mioco::net::resolve("localhost:81");
        EXPECT_FALSE(all.empty());
        for (const endpoint& each : all) {
            EXPECT_TRUE(is_loopback(each)) << each.to_string();
            EXPECT_EQ(each.port(), 81);
            EXPECT_EQ(std::ranges::count(all, each), 1);
        }
        EXPECT_EQ(mioco::net::resolve("localhost", {.family = ip_family::v4}),
                  std::vector{endpoint::loopback_v4(0)});
        EXPECT_EQ(mioco::net::resolve_for("localhost", 1h, {.family = ip_family::v4}),
                  std::vector{endpoint::loopback_v4(0)});
    });
}

TEST_P(names, the_system_knows_services) {
    // A minimal system has no list of them.
    const bool has_services = getservbyname("http", "tcp") != nullptr;
    inside([&] {
        std::error_code ec;
        const auto found = mioco::net::resolve("127.0.0.1:http", ec);
        if (has_services) {
            EXPECT_EQ(found, std::vector{endpoint::loopback_v4(80)});
        } else {
            EXPECT_EQ(ec, resolve_errc::unknown_service);
        }
        mioco::net::resolve("127.0.0.1:no-such-service", ec);
        EXPECT_EQ(ec, resolve_errc::unknown_service);
    });
}

// No name server is asked for a label that is too long.
TEST_P(names, the_system_s_failures_name_what_was_asked) {
    const std::string name(100, 'x');
    inside([&] {
        std::error_code ec;
        EXPECT_TRUE(mioco::net::resolve(name + ":80", ec).empty());
        EXPECT_EQ(ec.category(), mioco::net::resolve_category());
        const std::string said = message_of([&] { mioco::net::resolve(name + ":80"); });
        EXPECT_TRUE(contains(said, "resolve \"" + name + ":80\"")) << said;
        EXPECT_TRUE(contains(message_of([&] { tcp_stream::connect(name + ":80"); }),
                             "connect to \"" + name + ":80\""));
    });
}

TEST_P(names, a_resolver_takes_the_place_of_the_system) {
    const names_by own([](const resolve_query& query, std::error_code& ec) {
        EXPECT_EQ(query.service, "http");
        EXPECT_EQ(query.options.protocol, mioco::net::transport::udp);
        EXPECT_EQ(query.host == "late",
                  query.deadline < std::chrono::steady_clock::time_point::max());
        if (query.host == "unknown") ec = resolve_errc::not_found;
        return std::vector{endpoint::loopback_v4(7), endpoint::loopback_v6(7),
                           endpoint::loopback_v4(7)};
    });
    inside([] {
        const mioco::net::resolve_options datagrams{.protocol = mioco::net::transport::udp};
        EXPECT_EQ(mioco::net::resolve("known:http", datagrams),
                  (std::vector{endpoint::loopback_v4(7), endpoint::loopback_v6(7)}));
        EXPECT_EQ(mioco::net::resolve_for("late:http", 1h, datagrams).size(), 2U);
        std::error_code ec;
        EXPECT_TRUE(mioco::net::resolve("unknown:http", datagrams, ec).empty());
        EXPECT_EQ(ec, resolve_errc::not_found);
        EXPECT_TRUE(contains(message_of([&] { mioco::net::resolve("unknown:http", datagrams); }),
                             "resolve \"unknown:http\": no such host"));
    });
}

TEST_P(names, what_a_resolver_throws_is_its_own_unless_a_deadline_has_passed) {
    const names_by own([](const resolve_query& query, std::error_code&) -> std::vector<endpoint> {
        if (query.host == "late") mioco::sleep_for(1h);
        throw std::system_error(std::make_error_code(std::errc::io_error), "of the resolver's own");
    });
    inside([] {
        EXPECT_TRUE(contains(message_of([] { mioco::net::resolve("known:http"); }),
                             "of the resolver's own"));
        const std::string said =
            message_of([] { mioco::with_deadline(1ms, [] { mioco::net::resolve("late:http"); }); });
        EXPECT_TRUE(contains(said, "resolve \"late:http\", as the deadline of 1 ms has passed"))
            << said;
    });
}

TEST_P(names, connect_and_bind_take_names) {
    inside([] {
        auto listener = tcp_listener::bind("localhost:0");
        EXPECT_TRUE(is_loopback(listener.local()));
        const std::string name = "localhost:" + std::to_string(listener.local().port());
        auto near = tcp_stream::connect(name);
        EXPECT_EQ(near.peer(), listener.local());
        auto far = listener.accept();
        near.write_all("x"sv);
        EXPECT_EQ(mioco_test::read_text(far, 1), "x");
        EXPECT_EQ(tcp_stream::connect_for(name, 1h).peer(), listener.local());
        std::error_code ec;
        EXPECT_FALSE(tcp_listener::bind(name, {}, ec).is_open());
        EXPECT_EQ(ec, std::errc::address_in_use);
        EXPECT_TRUE(contains(message_of([&] { tcp_listener::bind(name); }), '(' + name + ')'));
    });
}

TEST_P(names, datagram_sockets_take_names) {
    inside([] {
        const names_by both({endpoint::loopback_v6(0), endpoint::loopback_v4(0)});
        auto server = udp_socket::bind("any.name:0");
        EXPECT_TRUE(is_loopback(server.local()));
        auto client = server.local().is_v6() ? udp_socket::v6() : udp_socket::v4();
        const names_by where({endpoint::loopback_v6(server.local().port()),
                              endpoint::loopback_v4(server.local().port())});
        client.connect("any.name:0");
        EXPECT_EQ(client.peer(), server.local());
        client.send("x"sv);
        char buffer[4];
        EXPECT_EQ(server.recv(buffer), 1U);
        const names_by nobody(know_nothing);
        EXPECT_TRUE(contains(message_of([&] { client.connect("any.name:0"); }), "no such host"));
        EXPECT_TRUE(contains(message_of([&] { udp_socket::bind("any.name:0"); }), "no such host"));
    });
}

TEST_P(names, the_next_address_is_tried_when_one_fails) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        const names_by three({closed_port(), closed_port().with_port(2), listener.local()});
        EXPECT_EQ(tcp_stream::connect("any.name:80").peer(), listener.local());
    });
}

TEST_P(names, when_all_fail_each_address_is_named) {
    const names_by both({closed_port(), closed_port().with_port(2)});
    inside([] {
        std::error_code ec;
        EXPECT_FALSE(tcp_stream::connect("any.name:80", ec).is_open());
        EXPECT_EQ(ec, std::errc::connection_refused);
        const std::string said = message_of([] { tcp_stream::connect("any.name:80"); });
        const std::string why = std::make_error_code(std::errc::connection_refused).message();
        EXPECT_TRUE(contains(
            said, "connect to any.name:80 (127.0.0.1:1 " + why + ", 127.0.0.1:2 " + why + ')'))
            << said;
    });
}

// The kernel drops what asks for a connection when the backlog is full.
TEST_P(names, an_attempt_that_takes_too_long_times_out) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0", {.backlog = 1});
        std::vector<tcp_stream> connected;
        std::error_code ec;
        for (int i = 0; i < 100 && !ec; ++i)
            connected.push_back(tcp_stream::connect_for(listener.local(), 20ms, ec));
        EXPECT_EQ(ec, std::errc::timed_out);
        // On a busy machine the first may have been late rather than one too many.
        std::string said;
        for (int i = 0; i < 100 && said.empty(); ++i) {
            said = message_of(
                [&] { connected.push_back(tcp_stream::connect_for(listener.local(), 20ms)); });
        }
        EXPECT_TRUE(contains(said, "connect to " + listener.local().to_string())) << said;
    });
}

MIOCO_ANYWHERE(names);

}  // namespace
