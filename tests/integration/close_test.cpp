// SPDX-License-Identifier: MPL-2.0
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <sys/socket.h>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/world.hpp"

// What `close` does to those who wait: each ends with EBADF, and the number is not reused while one of them still has it.

namespace {

using namespace std::string_view_literals;
using mioco::detail::side;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco_test::beside;
using mioco_test::connected_pair;
using mioco_test::error_of;
using mioco_test::narrow_pair;
using mioco_test::pattern;
using mioco_test::read_some;
using mioco_test::until_somebody_waits;

class close_while : public mioco_test::anywhere {};

TEST_P(close_while, one_reads) {
    inside([] {
        auto [near, far] = connected_pair();
        beside reader([&near = near] {
            EXPECT_EQ(error_of([&near] { read_some(near); }), std::errc::bad_file_descriptor);
        });
        until_somebody_waits(near.native_handle());
        near.close();
        reader.join();
        EXPECT_EQ(read_some(far), "") << "the connection has ended";
    });
}

TEST_P(close_while, one_reads_with_an_error_code) {
    inside([] {
        auto [near, far] = connected_pair();
        beside reader([&near = near] {
            char buffer[10];
            std::error_code ec;
            EXPECT_EQ(near.read_exactly(buffer, ec), 3U);
            EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        });
        far.write_all("abc"sv);
        // It waits for the first bytes, too; what counts is that it waits with these read.
        mioco_test::wait_for([&near = near] {
            char next;
            return recv(near.native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
                   mioco_test::somebody_waits(near.native_handle(), side::read);
        });
        near.close();
        reader.join();
    });
}

TEST_P(close_while, one_writes) {
    inside([] {
        auto [near, far] = narrow_pair();
        beside writer([&near = near] {
            std::error_code ec;
            EXPECT_GT(near.write_all(pattern(8 << 20), ec), 0U);
            EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        });
        until_somebody_waits(near.native_handle(), side::write);
        near.close();
        writer.join();
    });
}

TEST_P(close_while, one_accepts) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        const auto address = listener.local();
        beside acceptor([&] {
            EXPECT_EQ(error_of([&] { listener.accept(); }), std::errc::bad_file_descriptor);
        });
        until_somebody_waits(listener.native_handle());
        listener.close();
        acceptor.join();
        EXPECT_EQ(error_of([&] { tcp_stream::connect(address); }), std::errc::connection_refused);
    });
}

TEST_P(close_while, one_waits_for_readiness) {
    inside([] {
        auto [near, far] = narrow_pair();
        beside reader([&near = near] {
            EXPECT_EQ(error_of([&near] { near.readable().wait(); }),
                      std::errc::bad_file_descriptor);
        });
        beside writer([&near = near] {
            // What was sent may still be on its way, so that there is room again now and then.
            std::error_code ec;
            while (!ec) {
                while (!ec && near.try_write(pattern(1024), ec)) {
                }
                if (!ec) near.writable().wait(ec);
            }
            EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        });
        until_somebody_waits(near.native_handle());
        until_somebody_waits(near.native_handle(), side::write);
        near.close();
        reader.join();
        writer.join();
    });
}

TEST_P(close_while, many_wait) {
    inside([] {
        auto [near, far] = connected_pair();
        auto listener = tcp_listener::bind("127.0.0.1:0");
        std::vector<beside> waiting;
        for (int i = 0; i < 10; ++i) {
            waiting.emplace_back([&near = near] {
                EXPECT_EQ(error_of([&near] { read_some(near); }), std::errc::bad_file_descriptor);
            });
            waiting.emplace_back([&] {
                EXPECT_EQ(error_of([&] { listener.accept(); }), std::errc::bad_file_descriptor);
            });
        }
        until_somebody_waits(near.native_handle());
        until_somebody_waits(listener.native_handle());
        near.close();
        listener.close();
        for (auto& each : waiting) each.join();
    });
}

// The closing comes at any time: before, within and after the reader's attempt.
TEST_P(close_while, one_is_about_to_read) {
    inside([] {
        for (int i = 0; i < 200; ++i) {
            auto [near, far] = connected_pair();
            mioco_test::flag started;
            beside reader([&near = near, &started, i] {
                started.raise();
                for (int k = 0; k < i % 3; ++k) mioco::yield();
                EXPECT_EQ(error_of([&near] { read_some(near); }), std::errc::bad_file_descriptor);
            });
            started.await();
            for (int k = 0; k < i % 5; ++k) mioco::yield();
            near.close();
            reader.join();
        }
    });
}

TEST_P(close_while, several_close) {
    inside([] {
        for (int i = 0; i < 50; ++i) {
            auto [near, far] = connected_pair();
            std::vector<beside> closing;
            beside reader([&near = near] {
                EXPECT_EQ(error_of([&near] { read_some(near); }), std::errc::bad_file_descriptor);
            });
            for (int k = 0; k < 4; ++k) closing.emplace_back([&near = near] { near.close(); });
            for (auto& each : closing) each.join();
            reader.join();
        }
    });
}

// The number stays taken until the object goes: a call that comes late must not meet another connection.
TEST_P(close_while, the_number_stays_taken_until_the_object_is_gone) {
    inside([] {
        auto [near, far] = connected_pair();
        const int number = near.native_handle();
        near.close();
        std::vector<tcp_listener> others;
        for (int i = 0; i < 20; ++i) {
            others.push_back(tcp_listener::bind("127.0.0.1:0"));
            EXPECT_NE(others.back().native_handle(), number);
        }
        EXPECT_EQ(error_of([&near = near] { near.write("x"sv); }), std::errc::bad_file_descriptor);
    });
}

MIOCO_ANYWHERE(close_while);

// Who waits and who closes are of different kinds.
TEST(close_across, a_thread_closes_what_a_fiber_reads) {
    auto [near, far] = connected_pair();
    mioco::runtime rt(mioco::config{}.workers(2));
    auto reader = rt.spawn([&near = near] {
        EXPECT_EQ(error_of([&near] { read_some(near); }), std::errc::bad_file_descriptor);
    });
    until_somebody_waits(near.native_handle());
    near.close();
    reader.join();
}

TEST(close_across, a_fiber_closes_what_a_thread_reads) {
    auto [near, far] = connected_pair();
    mioco_test::thread reader([&near = near] {
        EXPECT_EQ(error_of([&near] { read_some(near); }), std::errc::bad_file_descriptor);
    });
    mioco::run([&near = near] {
        until_somebody_waits(near.native_handle());
        near.close();
    });
    reader.join();
}

TEST(close_across, a_fiber_closes_what_a_thread_accepts_from) {
    auto listener = tcp_listener::bind("127.0.0.1:0");
    mioco_test::thread acceptor(
        [&] { EXPECT_EQ(error_of([&] { listener.accept(); }), std::errc::bad_file_descriptor); });
    mioco::run([&] {
        until_somebody_waits(listener.native_handle());
        listener.close();
    });
    acceptor.join();
}

TEST(close_across, a_fiber_closes_what_fibers_of_another_runtime_and_threads_read) {
    for (int i = 0; i < 20; ++i) {
        auto [near, far] = connected_pair();
        const auto expect_closed = [&near = near] {
            EXPECT_EQ(error_of([&near] { read_some(near); }), std::errc::bad_file_descriptor);
        };
        mioco::runtime one(mioco::config{}.workers(1));
        mioco::runtime two(mioco::config{}.workers(2));
        auto first = one.spawn(expect_closed);
        auto second = two.spawn(expect_closed);
        mioco_test::thread third(expect_closed);
        until_somebody_waits(near.native_handle());
        two.spawn([&near = near] { near.close(); }).join();
        first.join();
        second.join();
        third.join();
    }
}

}  // namespace
