// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <chrono>
#include <future>
#include <string>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"

namespace {

using namespace std::string_view_literals;
using mioco::net::direction;
using mioco::net::endpoint;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco_test::beside;
using mioco_test::connected_pair;
using mioco_test::error_of;
using mioco_test::narrow_pair;
using mioco_test::pattern;
using mioco_test::raw_client;
using mioco_test::read_some;
using mioco_test::read_text;
using mioco_test::until_somebody_waits;
using mioco_test::wait_for;

class stream : public mioco_test::anywhere {};

// The server's address comes by a promise; of the two clients one is a socket that was made elsewhere.
TEST_P(stream, tcp_basic_client_server) {
    inside([] {
        std::promise<endpoint> address;
        auto known = address.get_future();
        beside server([&] {
            auto listener = tcp_listener::bind("127.0.0.1:0");
            address.set_value(listener.local());
            for (int i = 0; i < 2; ++i) {
                auto accepted = listener.accept();
                EXPECT_EQ(read_text(accepted, 11), "Hello world");
            }
        });
        wait_for(
            [&] { return known.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
        const endpoint to = known.get();
        EXPECT_EQ(tcp_stream::connect(to).try_write("Hello world"sv), 11U);
        EXPECT_EQ(tcp_stream::adopt(raw_client(to).release()).try_write("Hello world"sv), 11U);
        server.join();
    });
}

TEST_P(stream, tcpstream_block_on_connect) {
    inside([] {
        std::error_code ec;
        EXPECT_FALSE(tcp_stream::connect("127.0.0.1:1", ec).is_open());
        EXPECT_EQ(ec, std::errc::connection_refused);
        try {
            tcp_stream::connect("127.0.0.1:1");
            ADD_FAILURE() << "connected to nobody";
        } catch (const std::system_error& e) {
            EXPECT_EQ(e.code(), std::errc::connection_refused);
            EXPECT_NE(std::string(e.what()).find("connect to 127.0.0.1:1"), std::string::npos)
                << e.what();
        }
    });
}

TEST_P(stream, connect_refuses_what_is_no_address) {
    inside([] {
        std::error_code ec;
        EXPECT_FALSE(tcp_stream::connect("localhost", ec).is_open());
        EXPECT_EQ(ec, std::errc::invalid_argument);
        EXPECT_EQ(error_of([] { tcp_stream::connect("localhost:65536"); }),
                  std::errc::invalid_argument);
    });
}

TEST_P(stream, both_ends_know_both_addresses) {
    inside([] {
        for (const auto& local : {endpoint::loopback_v4(0), endpoint::loopback_v6(0)}) {
            auto listener = tcp_listener::bind(local);
            const auto near = tcp_stream::connect(listener.local());
            const auto far = listener.accept();
            EXPECT_EQ(near.peer(), listener.local());
            EXPECT_EQ(far.local(), listener.local());
            EXPECT_EQ(far.peer(), near.local());
            EXPECT_NE(near.local().port(), 0);
        }
    });
}

TEST_P(stream, read_waits_for_what_comes_and_ends_with_zero) {
    inside([] {
        auto [near, far] = connected_pair();
        mioco_test::flag sent;
        beside writer([&far = far, &near = near, &sent] {
            until_somebody_waits(near.native_handle());
            sent.raise();
            EXPECT_EQ(far.write("first"sv), 5U);
            EXPECT_EQ(read_some(far), "answer");
            far.shutdown(direction::write);
        });
        EXPECT_EQ(read_some(near), "first");
        EXPECT_TRUE(sent.is_raised());
        near.write_all("answer"sv);
        EXPECT_EQ(read_some(near), "");
        EXPECT_EQ(read_some(near), "") << "the end of a stream stays its end";
        writer.join();
    });
}

TEST_P(stream, read_takes_no_more_than_there_is_room_for) {
    inside([] {
        auto [near, far] = connected_pair();
        far.write_all("abcdef"sv);
        std::array<char, 4> buffer{};
        EXPECT_EQ(near.read(buffer), 4U);
        EXPECT_EQ(std::string_view(buffer.data(), 4), "abcd");
        EXPECT_EQ(near.read(buffer), 2U);
        EXPECT_EQ(std::string_view(buffer.data(), 2), "ef");
    });
}

TEST_P(stream, empty_buffers_wait_for_nothing) {
    inside([] {
        auto [near, far] = connected_pair();
        std::string empty;
        EXPECT_EQ(near.read(empty), 0U);
        EXPECT_EQ(near.readv({}), 0U);
        EXPECT_NO_THROW(near.read_exactly(empty));
        EXPECT_EQ(near.write(empty), 0U);
        EXPECT_EQ(near.writev({}), 0U);
        EXPECT_NO_THROW(near.write_all(empty));
    });
}

// The reader starts only when the writer waits for room, so the writer has to be woken again and again.
TEST_P(stream, write_all_gets_everything_past_a_slow_reader) {
    inside([] {
        auto [near, far] = narrow_pair();
        const std::string sent = pattern(1 << 20);
        beside writer([&far = far, &sent] {
            far.write_all(sent);
            far.shutdown(direction::write);
        });
        until_somebody_waits(far.native_handle(), mioco::detail::side::write);
        std::string received;
        std::string part(5000, '\0');
        while (const std::size_t count = near.read(part)) {
            received.append(part, 0, count);
            if (received.size() % 7 == 0) mioco::yield();
        }
        EXPECT_EQ(received, sent);
        writer.join();
    });
}

TEST_P(stream, write_takes_part_of_what_has_no_room) {
    inside([] {
        auto [near, far] = narrow_pair();
        const std::string big = pattern(8 << 20);
        const std::size_t count = near.write(big);
        EXPECT_GT(count, 0U);
        EXPECT_LT(count, big.size());
        EXPECT_EQ(read_text(far, count), big.substr(0, count));
    });
}

TEST_P(stream, read_exactly_waits_for_all_the_parts) {
    inside([] {
        auto [near, far] = connected_pair();
        beside writer([&far = far, &near = near] {
            for (const auto part : {"on"sv, "e b"sv, "y one"sv}) {
                until_somebody_waits(near.native_handle());
                far.write_all(part);
            }
        });
        EXPECT_EQ(read_text(near, 10), "one by one");
        writer.join();
    });
}

TEST_P(stream, read_exactly_tells_how_much_came_before_an_early_end) {
    inside([] {
        auto [near, far] = connected_pair();
        far.write_all("abc"sv);
        far.shutdown(direction::write);
        std::string buffer(5, '.');
        try {
            near.read_exactly(buffer);
            ADD_FAILURE() << "five bytes of three";
        } catch (const mioco::io_error& e) {
            EXPECT_EQ(e.transferred(), 3U);
            EXPECT_EQ(e.code(), mioco::errc::end_of_stream);
        }
        EXPECT_EQ(buffer, "abc..");

        std::error_code ec;
        EXPECT_EQ(near.read_exactly(buffer, ec), 0U);
        EXPECT_EQ(ec, mioco::errc::end_of_stream);
        far.close();
    });
}

TEST_P(stream, read_exactly_with_an_error_code_tells_the_count) {
    inside([] {
        auto [near, far] = connected_pair();
        far.write_all("abc"sv);
        std::string three(3, '.');
        std::error_code ec = std::make_error_code(std::errc::io_error);
        EXPECT_EQ(near.read_exactly(three, ec), 3U);
        EXPECT_FALSE(ec);
        far.write_all("de"sv);
        far.shutdown(direction::write);
        EXPECT_EQ(near.read_exactly(three, ec), 2U);
        EXPECT_EQ(ec, mioco::errc::end_of_stream);
    });
}

TEST_P(stream, write_all_tells_how_much_went_before_the_connection_broke) {
    inside([] {
        auto [near, far] = narrow_pair();
        beside reader([&far = far, &near = near] {
            until_somebody_waits(near.native_handle(), mioco::detail::side::write);
            read_text(far, 1000);
            far.set_option(mioco::net::option::linger{{1, 0}});
            far.close();
        });
        const std::string big = pattern(8 << 20);
        std::error_code ec;
        const std::size_t count = near.write_all(big, ec);
        EXPECT_TRUE(ec == std::errc::connection_reset || ec == std::errc::broken_pipe) << ec;
        EXPECT_GE(count, 1000U);
        EXPECT_LT(count, big.size());
        reader.join();
        try {
            near.write_all(big);
            ADD_FAILURE() << "written to a broken connection";
        } catch (const mioco::io_error& e) {
            EXPECT_EQ(e.code(), std::errc::broken_pipe);
            EXPECT_EQ(e.transferred(), 0U);
        }
    });
}

TEST_P(stream, readv_and_writev_use_several_buffers) {
    inside([] {
        auto [near, far] = connected_pair();
        std::string parts[] = {"one ", "", "two ", "three"};
        iovec out[4];
        for (int i = 0; i < 4; ++i) out[i] = {parts[i].data(), parts[i].size()};
        beside writer([&far = far, &near = near, &out] {
            until_somebody_waits(near.native_handle());
            EXPECT_EQ(far.writev(out), 13U);
        });
        char first[4];
        char second[20];
        const iovec in[] = {{first, sizeof first}, {second, sizeof second}};
        EXPECT_EQ(near.readv(in), 13U);
        EXPECT_EQ(std::string_view(first, 4), "one ");
        EXPECT_EQ(std::string_view(second, 9), "two three");
        writer.join();
        far.shutdown(direction::write);
        EXPECT_EQ(near.readv(in), 0U);
    });
}

TEST_P(stream, try_read_never_waits) {
    inside([] {
        auto [near, far] = connected_pair();
        char buffer[8];
        EXPECT_EQ(near.try_read(buffer), std::nullopt);
        far.write_all("data"sv);
        near.readable().wait();
        EXPECT_EQ(near.try_read(buffer), 4U);
        std::error_code ec = std::make_error_code(std::errc::io_error);
        EXPECT_EQ(near.try_read(buffer, ec), std::nullopt);
        EXPECT_FALSE(ec) << "having nothing is no error";
        far.shutdown(direction::write);
        near.readable().wait();
        EXPECT_EQ(near.try_read(buffer), 0U);
    });
}

TEST_P(stream, try_write_never_waits) {
    inside([] {
        auto [near, far] = narrow_pair();
        const std::string block = pattern(1024);
        std::size_t written = 0;
        while (const auto count = near.try_write(block)) written += *count;
        EXPECT_GT(written, 0U);
        std::error_code ec;
        beside reader([&far = far, &written] { read_text(far, written); });
        near.writable().wait();
        EXPECT_GT(near.try_write(block, ec).value_or(0), 0U);
        EXPECT_FALSE(ec);
        reader.join();
    });
}

TEST_P(stream, readable_consumes_nothing) {
    inside([] {
        auto [near, far] = connected_pair();
        beside writer([&far = far, &near = near] {
            until_somebody_waits(near.native_handle());
            far.write_all("data"sv);
        });
        near.readable().wait();
        std::error_code ec = std::make_error_code(std::errc::io_error);
        near.readable().wait(ec);
        EXPECT_FALSE(ec);
        EXPECT_EQ(read_some(near), "data");
        writer.join();
    });
}

TEST_P(stream, readable_comes_with_the_end_of_the_stream) {
    inside([] {
        auto [near, far] = connected_pair();
        beside writer([&far = far, &near = near] {
            until_somebody_waits(near.native_handle());
            far.shutdown(direction::write);
        });
        near.readable().wait();
        near.readable().wait();
        EXPECT_EQ(read_some(near), "");
        writer.join();
    });
}

// What read was told about an empty socket is old when readiness is asked for, and the other way round.
TEST_P(stream, readable_and_read_take_turns) {
    inside([] {
        auto [near, far] = connected_pair();
        beside writer([&far = far] {
            for (int i = 0; i < 100; ++i) {
                far.write_all("ping"sv);
                EXPECT_EQ(read_text(far, 4), "pong");
            }
        });
        for (int i = 0; i < 100; ++i) {
            if (i % 3 != 0) near.readable().wait();
            EXPECT_EQ(i % 2 == 0 ? read_some(near) : read_text(near, 4), "ping");
            near.writable().wait();
            near.write_all("pong"sv);
        }
        writer.join();
    });
}

TEST_P(stream, one_direction_ends_and_the_other_goes_on) {
    inside([] {
        auto [near, far] = connected_pair();
        near.write_all("question"sv);
        near.shutdown(direction::write);
        EXPECT_EQ(read_some(far), "question");
        EXPECT_EQ(read_some(far), "");
        far.write_all("answer"sv);
        EXPECT_EQ(read_some(near), "answer");
        EXPECT_EQ(error_of([&near = near] { near.write("more"sv); }), std::errc::broken_pipe);
    });
}

TEST_P(stream, shutdown_of_both_ends_both) {
    inside([] {
        auto [near, far] = connected_pair();
        near.shutdown(direction::both);
        EXPECT_EQ(read_some(near), "");
        EXPECT_EQ(read_some(far), "");
        std::error_code ec;
        near.write("more"sv, ec);
        EXPECT_EQ(ec, std::errc::broken_pipe);
    });
}

TEST_P(stream, shutdown_of_reading_wakes_a_reader) {
    inside([] {
        auto [near, far] = connected_pair();
        beside reader([&near = near] { EXPECT_EQ(read_some(near), ""); });
        until_somebody_waits(near.native_handle());
        near.shutdown(direction::read);
        reader.join();
        near.write_all("still"sv);
        EXPECT_EQ(read_text(far, 5), "still");
    });
}

TEST_P(stream, moving_it_takes_the_connection_along) {
    inside([] {
        auto [near, far] = connected_pair();
        tcp_stream moved = std::move(near);
        moved.write_all("moved"sv);
        EXPECT_EQ(read_some(far), "moved");
        moved = tcp_stream();
        EXPECT_EQ(read_some(far), "") << "what is assigned to is closed";
    });
}

MIOCO_ANYWHERE(stream);

}  // namespace
