// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/echo.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/workers.hpp"

// Clients that do not behave, each beside one that does.

namespace {

using namespace std::string_view_literals;
using mioco::detail::side;
using mioco::net::endpoint;
using mioco::net::leased_bytes;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco_test::beside;
using mioco_test::connected_pair;
using mioco_test::echo_server;
using mioco_test::error_of;
using mioco_test::pattern;
using mioco_test::raw_client;
using mioco_test::read_some;
using mioco_test::read_text;
using mioco_test::until_somebody_waits;

class client_failure : public mioco_test::on_workers {
protected:
    // The witness is connected before and asks after each failure.
    template <class F>
    static void beside_a_witness(F misbehave) {
        echo_server server(settings());
        raw_client witness(server.address());
        for (int i = 0; i < 20; ++i) {
            misbehave(server.address());
            witness.send("ping");
            EXPECT_EQ(witness.receive(4), "ping");
        }
        raw_client late(server.address());
        late.send("late");
        late.finish();
        EXPECT_EQ(late.receive(5), "late");
    }
};

TEST_P(client_failure, a_reset_harms_nobody_else) {
    beside_a_witness([](const endpoint& server) {
        raw_client client(server);
        client.send("last words");
        client.reset();
    });
}

TEST_P(client_failure, a_reset_before_it_is_accepted_harms_nobody_else) {
    beside_a_witness([](const endpoint& server) { raw_client(server).reset(); });
}

TEST_P(client_failure, a_client_that_leaves_with_unread_answers_harms_nobody_else) {
    beside_a_witness([](const endpoint& server) {
        raw_client client(server);
        client.send(pattern(100'000));
        client.receive(1);
    });
}

TEST_P(client_failure, a_client_that_sends_nothing_harms_nobody_else) {
    std::vector<raw_client> silent;
    beside_a_witness([&](const endpoint& server) { silent.emplace_back(server); });
}

TEST_P(client_failure, a_client_that_half_closes_gets_its_answer) {
    beside_a_witness([](const endpoint& server) {
        raw_client client(server);
        client.send("question");
        client.finish();
        EXPECT_EQ(client.receive(100), "question");
    });
}

TEST_P(client_failure, data_and_end_in_one_packet_are_both_seen) {
    beside_a_witness([](const endpoint& server) {
        raw_client client(server);
        client.send_and_finish("all at once");
        EXPECT_EQ(client.receive(100), "all at once");
    });
}

MIOCO_ON_WORKER_COUNTS(client_failure);

class one_edge : public mioco_test::anywhere {};

// A short read tells that there is no more, and so the next one waits at once; but not when the end came with the data, as no
// further event will. The end must be seen whenever it comes: before, with and after the data.
TEST_P(one_edge, data_and_end_that_come_together_are_both_read) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        for (int i = 0; i < 300; ++i) {
            raw_client client(listener.local());
            auto near = listener.accept();
            mioco_test::flag warm;
            beside reader([&, i] {
                // An earlier wait, so that a poller watches the connection.
                EXPECT_EQ(read_text(near, 2), "up");
                warm.raise();
                for (int k = 0; k < i % 4; ++k) mioco::yield();
                if (i % 2 == 0) {
                    EXPECT_EQ(read_some(near), "data");
                    EXPECT_EQ(read_some(near), "");
                } else {
                    EXPECT_EQ(near.read_lease().text(), "data");
                    EXPECT_TRUE(near.read_lease().empty());
                }
            });
            until_somebody_waits(near.native_handle());
            client.send("up");
            warm.await();
            if (i % 3 == 0) until_somebody_waits(near.native_handle());
            client.send_and_finish("data");
            reader.join();
        }
    });
}

TEST_P(one_edge, a_reset_that_comes_with_data_ends_the_stream) {
    inside([] {
        auto listener = tcp_listener::bind("127.0.0.1:0");
        for (int i = 0; i < 100; ++i) {
            raw_client client(listener.local());
            auto near = listener.accept();
            beside reader([&] {
                std::error_code ec;
                char buffer[100];
                while (near.read(buffer, ec) > 0) {
                }
                EXPECT_EQ(ec, std::errc::connection_reset);
            });
            if (i % 2 == 0) until_somebody_waits(near.native_handle());
            client.send("data");
            client.reset();
            reader.join();
        }
    });
}

MIOCO_ANYWHERE(one_edge);

// The error is kept until a call that is about the connection asks for it.
TEST(client_that_resets, is_noticed_also_after_an_empty_write) {
    mioco::run([] {
        auto [near, far] = connected_pair();
        far.set_option(mioco::net::option::linger{{1, 0}});
        far = {};
        near.readable().wait();
        EXPECT_EQ(near.write(""sv), 0U);
        near.write_all(""sv);
        EXPECT_EQ(near.try_write(""sv), 0U);
        char buffer[8];
        EXPECT_EQ(error_of([&near = near, &buffer] { near.read(buffer); }),
                  std::errc::connection_reset);
    });
}

// A read ends at the urgent byte, though there is more behind it.
TEST(client_that_sends_urgent_data, is_read_to_the_end) {
    mioco::run(mioco::config{}.workers(1), [] {
        auto [near, far] = connected_pair();
        std::string received;
        auto reader = mioco::spawn([&near = near, &received] {
            char buffer[64];
            while (const std::size_t count = near.read(buffer)) received.append(buffer, count);
        });
        const auto send = [number = far.native_handle()](std::string_view text, int flags) {
            ASSERT_EQ(::send(number, text.data(), text.size(), flags | MSG_NOSIGNAL),
                      static_cast<ssize_t>(text.size()));
        };
        for (int round = 0; round < 3; ++round) {
            const std::size_t before = received.size();
            until_somebody_waits(near.native_handle());
            send("abc", 0);
            send("!", MSG_OOB);
            send("def", 0);
            while (received.size() < before + 6) mioco::yield();
        }
        far.shutdown(mioco::net::direction::write);
        reader.join();
        EXPECT_EQ(received, "abcdefabcdefabcdef");
    });
}

}  // namespace
