// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
namespace option = mioco::net::option;
using mioco::net::socket_option;
using mioco::net::tcp_stream;
using mioco_test::connected_pair;
using mioco_test::error_of;

// What the library does not name is used all the same.
struct keep_alive_idle {
    static constexpr int level = IPPROTO_TCP;
    static constexpr int name = TCP_KEEPIDLE;
    int value{};
};
using keep_alive_interval = socket_option<IPPROTO_TCP, TCP_KEEPINTVL>;
using keep_alive_count = socket_option<IPPROTO_TCP, TCP_KEEPCNT>;

class stream_option : public mioco_test::anywhere {};

TEST_P(stream_option, nodelay_is_off_until_switched_on) {
    inside([] {
        auto [near, far] = connected_pair();
        EXPECT_EQ(near.get_option<option::no_delay>().value, 0);
        near.nodelay(true);
        EXPECT_NE(near.get_option<option::no_delay>().value, 0);
        near.nodelay(false);
        EXPECT_EQ(near.get_option<option::no_delay>().value, 0);
    });
}

TEST_P(stream_option, keepalive_sets_what_is_given_and_leaves_the_rest) {
    inside([] {
        auto [near, far] = connected_pair();
        const int default_count = near.get_option<keep_alive_count>().value;
        EXPECT_EQ(near.get_option<option::keep_alive>().value, 0);
        near.keepalive({.idle = 77s, .interval = 5s});
        EXPECT_EQ(near.get_option<option::keep_alive>().value, 1);
        EXPECT_EQ(near.get_option<keep_alive_idle>().value, 77);
        EXPECT_EQ(near.get_option<keep_alive_interval>().value, 5);
        EXPECT_EQ(near.get_option<keep_alive_count>().value, default_count);
        near.keepalive({.enabled = false, .count = 3});
        EXPECT_EQ(near.get_option<option::keep_alive>().value, 0);
        EXPECT_EQ(near.get_option<keep_alive_count>().value, 3);
        EXPECT_EQ(error_of([&near = near] { near.keepalive({.idle = 0s}); }),
                  std::errc::invalid_argument);
    });
}

TEST_P(stream_option, options_are_set_and_read) {
    inside([] {
        auto [near, far] = connected_pair();
        near.set_option(option::receive_buffer{20'000});
        EXPECT_GE(near.get_option<option::receive_buffer>().value, 20'000);
        near.set_option(option::send_buffer{30'000});
        EXPECT_GE(near.get_option<option::send_buffer>().value, 30'000);
        near.set_option(option::user_timeout_ms{12'345});
        EXPECT_EQ(near.get_option<option::user_timeout_ms>().value, 12'345U);
        near.set_option(option::linger{{1, 4}});
        EXPECT_EQ(near.get_option<option::linger>().value.l_linger, 4);
    });
}

TEST_P(stream_option, a_refused_option_is_an_error_in_both_forms) {
    inside([] {
        auto [near, far] = connected_pair();
        using no_such = socket_option<IPPROTO_TCP, 9999>;
        std::error_code ec;
        near.set_option(no_such{1}, ec);
        EXPECT_EQ(ec, std::errc::no_protocol_option);
        EXPECT_EQ(error_of([&near = near] { near.set_option(no_such{1}); }),
                  std::errc::no_protocol_option);
        EXPECT_EQ(error_of([&near = near] { static_cast<void>(near.get_option<no_such>()); }),
                  std::errc::no_protocol_option);
        near.set_option(option::no_delay{1}, ec);
        EXPECT_FALSE(ec);
    });
}

// Every call on a stream, for what must fail alike.
template <class Check>
void call_all(tcp_stream& stream, Check check) {
    char buffer[4] = {};
    iovec part{buffer, sizeof buffer};
    check("read", [&] { stream.read(buffer); });
    check("read_exactly", [&] { stream.read_exactly(buffer); });
    check("readv", [&] { stream.readv({&part, 1}); });
    check("try_read", [&] { stream.try_read(buffer); });
    check("read_lease", [&] { stream.read_lease(); });
    check("readable", [&] { stream.readable().wait(); });
    check("write", [&] { stream.write("data"sv); });
    check("write_all", [&] { stream.write_all("data"sv); });
    check("writev", [&] { stream.writev({&part, 1}); });
    check("try_write", [&] { stream.try_write("data"sv); });
    check("writable", [&] { stream.writable().wait(); });
    check("shutdown", [&] { stream.shutdown(mioco::net::direction::both); });
    check("nodelay", [&] { stream.nodelay(true); });
    check("keepalive", [&] { stream.keepalive({}); });
    check("get_option", [&] { static_cast<void>(stream.get_option<option::no_delay>()); });
    check("local", [&] { static_cast<void>(stream.local()); });
    check("release", [&] { stream.release(); });
}

template <class Check>
void call_all_with_error_codes(tcp_stream& stream, Check check) {
    char buffer[4] = {};
    iovec part{buffer, sizeof buffer};
    check("read", [&](std::error_code& ec) { stream.read(buffer, ec); });
    check("read_exactly", [&](std::error_code& ec) { stream.read_exactly(buffer, ec); });
    check("readv", [&](std::error_code& ec) { stream.readv({&part, 1}, ec); });
    check("try_read", [&](std::error_code& ec) { stream.try_read(buffer, ec); });
    check("read_lease", [&](std::error_code& ec) { stream.read_lease(ec); });
    check("readable", [&](std::error_code& ec) { stream.readable().wait(ec); });
    check("write", [&](std::error_code& ec) { stream.write("data"sv, ec); });
    check("write_all", [&](std::error_code& ec) { stream.write_all("data"sv, ec); });
    check("writev", [&](std::error_code& ec) { stream.writev({&part, 1}, ec); });
    check("try_write", [&](std::error_code& ec) { stream.try_write("data"sv, ec); });
    check("writable", [&](std::error_code& ec) { stream.writable().wait(ec); });
    check("shutdown",
          [&](std::error_code& ec) { stream.shutdown(mioco::net::direction::both, ec); });
    check("set_option", [&](std::error_code& ec) { stream.set_option(option::no_delay{1}, ec); });
}

void expect_bad_file_descriptor(tcp_stream& stream) {
    EXPECT_FALSE(stream.is_open());
    EXPECT_EQ(stream.native_handle(), -1);
    call_all(stream, [](const char* name, auto call) {
        EXPECT_EQ(error_of(call), std::errc::bad_file_descriptor) << name;
    });
    call_all_with_error_codes(stream, [](const char* name, auto call) {
        std::error_code ec;
        call(ec);
        EXPECT_EQ(ec, std::errc::bad_file_descriptor) << name;
    });
    EXPECT_NO_THROW(stream.close());
}

TEST_P(stream_option, every_call_without_a_connection_gives_bad_file_descriptor) {
    inside([] {
        tcp_stream none;
        expect_bad_file_descriptor(none);
    });
}

TEST_P(stream_option, every_call_after_close_gives_bad_file_descriptor) {
    inside([] {
        auto [near, far] = connected_pair();
        far.write_all("unread"sv);
        near.close();
        expect_bad_file_descriptor(near);
    });
}

TEST_P(stream_option, every_call_on_what_was_moved_from_gives_bad_file_descriptor) {
    inside([] {
        auto [near, far] = connected_pair();
        const tcp_stream moved = std::move(near);
        expect_bad_file_descriptor(near);
    });
}

MIOCO_ANYWHERE(stream_option);

}  // namespace
