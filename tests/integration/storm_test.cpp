// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/echo.hpp"
#include "support/flag.hpp"
#include "support/sizes.hpp"
#include "support/sockets.hpp"
#include "support/workers.hpp"

// Descriptors are opened and closed at a high rate, so that each number soon stands for another connection. Each carries a cookie
// of its own: what belongs to one never reaches another.

namespace {

using namespace std::string_view_literals;
using mioco::net::endpoint;
using mioco::net::tcp_stream;
using mioco_test::echo_server;
using mioco_test::read_text;

std::string next_cookie(std::atomic<std::uint64_t>& last) {
    std::string cookie = std::to_string(++last);
    return std::string(16 - cookie.size(), '.') + cookie;
}

// One connection, that ends in one of several ways.
void visit(const endpoint& server, unsigned chance, std::atomic<std::uint64_t>& last) {
    auto stream = tcp_stream::connect(server);
    // So that a listener may have its port during the minute that the kernel remembers the connection.
    stream.set_option(mioco::net::option::reuse_address{true});
    const std::string cookie = next_cookie(last);
    for (unsigned rounds = chance % 3 + 1; rounds > 0; --rounds) {
        stream.write_all(cookie);
        EXPECT_EQ(read_text(stream, cookie.size()), cookie);
    }
    switch (chance / 3 % 4) {
        case 0:
            return;
        case 1:  // no trace of it is left, and the answer on its way meets nobody
            stream.write_all(cookie);
            stream.set_option(mioco::net::option::linger{{1, 0}});
            return;
        case 2: {  // another fiber reads while it is closed, and may see the answer or the closing
            auto reader = mioco::spawn([&] {
                std::string answer(cookie.size(), ' ');
                std::error_code ec;
                const std::size_t count = stream.read_exactly(answer, ec);
                EXPECT_EQ(answer.substr(0, count), cookie.substr(0, count));
                EXPECT_TRUE(count == cookie.size() || ec == std::errc::bad_file_descriptor) << ec;
            });
            stream.write_all(cookie);
            stream.close();
            reader.join();
            return;
        }
        default:
            stream.shutdown(mioco::net::direction::write);
            char rest[1];
            EXPECT_EQ(stream.read(rest), 0U);
    }
}

class storm : public mioco_test::on_workers {};

TEST_P(storm, data_never_reaches_the_wrong_connection) {
    echo_server server(settings());
    run([&] {
        const std::size_t visits = here(mioco_test::visits_in_a_storm);
        constexpr std::size_t visitors = 16;
        std::atomic<std::uint64_t> last_cookie{0};
        std::vector<mioco::join_handle<void>> all;
        for (std::size_t i = 0; i < visitors; ++i) {
            all.push_back(mioco::spawn([&, seed = i] {
                std::minstd_rand random(static_cast<unsigned>(seed) + 1);
                for (std::size_t k = 0; k < visits / visitors; ++k)
                    visit(server.address(), static_cast<unsigned>(random()), last_cookie);
            }));
        }
        for (auto& each : all) each.join();
    });
}

// Threads close what fibers wait on, and the other way round, with the numbers in use again at once.
TEST_P(storm, closing_from_elsewhere_ends_just_that_connection) {
    mioco::runtime rt(settings());
    for (std::size_t i = 0; i < here(mioco_test::visits_in_a_storm) / 20; ++i) {
        auto pair = mioco_test::connected_pair();
        auto witness = mioco_test::connected_pair();
        auto reader = rt.spawn([&] {
            std::error_code ec;
            char buffer[1];
            pair.near.read(buffer, ec);
            EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        });
        auto untouched = rt.spawn([&] { EXPECT_EQ(read_text(witness.near, 4), "mine"); });
        if (i % 2 == 0) mioco_test::until_somebody_waits(pair.near.native_handle());
        pair.near.close();
        pair.far = tcp_stream();
        auto next = mioco_test::connected_pair();
        next.far.write_all("next"sv);
        reader.join();
        EXPECT_EQ(read_text(next.near, 4), "next");
        witness.far.write_all("mine"sv);
        untouched.join();
    }
}

MIOCO_ON_WORKER_COUNTS(storm);

}  // namespace
