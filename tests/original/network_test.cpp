// SPDX-License-Identifier: MPL-2.0
// The original's tests of the network, by name.
#include <string_view>
#include <system_error>
#include <utility>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/workers.hpp"

namespace {

using mioco::net::tcp_listener;
using mioco::net::tcp_stream;

class network : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(network);

TEST(network_once, tcpstream_block_on_connect) {
    mioco::run([] {
        EXPECT_EQ(mioco_test::error_of([] { tcp_stream::connect("127.0.0.1:1"); }),
                  std::errc::connection_refused);
    });
}

TEST_P(network, tcp_basic_client_server) {
    constexpr std::string_view message = "Hello world";
    run([&] {
        auto [tell, address] = mioco::unbounded_channel<mioco::net::endpoint>();
        auto server = mioco::spawn([&, tell = std::move(tell)] {
            auto listener = tcp_listener::bind("127.0.0.1:0");
            tell.send(listener.local());
            for (int i = 0; i < 2; ++i) {
                auto peer = listener.accept();
                EXPECT_EQ(mioco_test::read_text(peer, message.size()), message);
            }
        });
        const auto to = *address.recv();
        {
            auto stream = tcp_stream::connect(to);
            EXPECT_EQ(stream.try_write(message), message.size());
        }
        mioco_test::raw_client prepared(to);
        auto stream = tcp_stream::adopt(prepared.release());
        EXPECT_EQ(stream.try_write(message), message.size());
        server.join();
    });
}

}  // namespace
