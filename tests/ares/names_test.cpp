// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/ares.hpp>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"

// Names looked up by c-ares, from /etc/hosts, and from a name server that is a socket of the test's own.

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco::net::endpoint;
using mioco::net::ip_family;
using mioco::net::resolve_errc;
using mioco::net::udp_socket;

/// While it lives, c-ares looks names up.
class by_ares {
public:
    explicit by_ares(const mioco::ares::options& wanted = {})
        : before_(mioco::net::set_resolver(mioco::ares::make_resolver(wanted))) {}
    ~by_ares() { mioco::net::set_resolver(before_); }
    by_ares(const by_ares&) = delete;
    by_ares& operator=(const by_ares&) = delete;

private:
    std::shared_ptr<mioco::net::resolver> before_;
};

constexpr std::byte operator""_b(unsigned long long value) { return static_cast<std::byte>(value); }

// The answer to a query for one name: that it has the address 192.0.2.7 and no other, or that it is unknown. (RFC 1035, 4.1.)
std::vector<std::byte> answer_to(std::span<const std::byte> query, bool is_known) {
    std::size_t end = 12;
    while (query[end] != 0_b) end += static_cast<std::size_t>(query[end]) + 1;
    const bool wants_v4 = query[end + 2] == 1_b;
    std::vector<std::byte> answer(query.begin(), query.begin() + static_cast<long>(end) + 5);
    answer[2] = 0x81_b;                      // an answer, to a recursive query
    answer[3] = is_known ? 0x80_b : 0x83_b;  // without an error; no such name
    answer[7] = is_known && wants_v4 ? 1_b : 0_b;
    answer[11] = 0_b;  // no more records
    if (answer[7] == 0_b) return answer;
    for (const std::byte each :
         {0xC0_b, 12_b, 0_b, 1_b, 0_b, 1_b, 0_b, 0_b, 0_b, 60_b, 0_b, 4_b, 192_b, 0_b, 2_b, 7_b})
        answer.push_back(each);
    return answer;
}

// Knows what begins with "known", and answers nothing to what begins with "silent".
void serve_names(udp_socket& server) {
    std::array<std::byte, 1500> buffer;
    for (;;) {
        const auto got = server.recv_from(buffer);
        const std::span query = std::span(buffer).first(got.size);
        const char first = static_cast<char>(query[13]);
        if (first != 's') server.send_to(answer_to(query, first == 'k'), got.sender);
    }
}

class ares : public testing::TestWithParam<unsigned> {
protected:
    // With a name server, which is asked once.
    template <class F>
    static void run(F body) {
        mioco::runtime server_runtime(mioco::config{}.workers(1));
        auto server = udp_socket::bind("127.0.0.1:0");
        auto serving = server_runtime.spawn([&] { serve_names(server); });
        {
            const by_ares own({.servers = server.local().to_string(), .timeout = 1h, .tries = 1});
            if (GetParam() == 0) {
                body();
            } else {
                mioco::run(mioco::config{}.workers(GetParam()), body);
            }
        }
        server_runtime.stop();
        server_runtime.wait();
    }
};
INSTANTIATE_TEST_SUITE_P(on, ares, testing::Values(0U, 1U, 4U), mioco_test::place_name);

TEST_P(ares, asks_the_name_server) {
    run([] {
        EXPECT_EQ(mioco::net::resolve("known.test:80"),
                  std::vector{endpoint::parse("192.0.2.7:80")});
        EXPECT_EQ(mioco::net::resolve("known.test:0", {.family = ip_family::v4}),
                  std::vector{endpoint::parse("192.0.2.7:0")});
        std::error_code ec;
        mioco::net::resolve("known.test", {.family = ip_family::v6}, ec);
        EXPECT_EQ(ec, resolve_errc::no_address);
        mioco::net::resolve("unknown.test:80", ec);
        EXPECT_EQ(ec, resolve_errc::not_found);
    });
}

TEST_P(ares, knows_the_file_of_hosts) {
    run([] {
        EXPECT_EQ(mioco::net::resolve("localhost:81", {.family = ip_family::v4}),
                  std::vector{endpoint::loopback_v4(81)});
    });
}

TEST_P(ares, gives_up_at_the_deadline) {
    run([] {
        std::error_code ec;
        EXPECT_TRUE(mioco::net::resolve_for("silent.test", 5ms, ec).empty());
        EXPECT_EQ(ec, std::errc::timed_out);
        mioco::net::tcp_stream::connect_for("silent.test:80", 5ms, ec);
        EXPECT_EQ(ec, std::errc::timed_out);
    });
}

TEST_P(ares, gives_up_at_the_deadline_of_a_region) {
    run([] {
        std::error_code ec;
        mioco::with_deadline(5ms, [&] { mioco::net::resolve("silent.test", ec); });
        EXPECT_EQ(ec, std::errc::timed_out);
        mioco::with_deadline(5ms, [&] { mioco::net::tcp_stream::connect("silent.test:80", ec); });
        EXPECT_EQ(ec, std::errc::timed_out);
    });
}

TEST_P(ares, looks_many_names_up_at_once) {
    run([] {
        if (!mioco::this_fiber::in_fiber()) return;
        std::vector<mioco::join_handle<void>> all;
        for (int i = 0; i < 50; ++i) {
            all.push_back(mioco::spawn([i] {
                std::error_code ec;
                const bool is_known = i % 2 == 0;
                const std::string name = (is_known ? "known" : "silent") + std::to_string(i);
                const auto found = mioco::net::resolve_for(
                    name + ".test:1", is_known ? std::chrono::nanoseconds(1h) : 20ms, ec);
                EXPECT_EQ(found.size(), is_known ? 1U : 0U) << ec.message();
            }));
        }
        for (auto& each : all) each.join();
    });
}

TEST(ares_cancel, ends_a_lookup) {
    auto silent = udp_socket::bind("127.0.0.1:0");
    const by_ares own({.servers = silent.local().to_string(), .timeout = 1h, .tries = 1});
    mioco::runtime runtime(mioco::config{}.workers(2));
    auto waiting = runtime.spawn([] { mioco::net::resolve("silent.test"); });
    std::array<std::byte, 512> query;
    EXPECT_GT(silent.recv_from(query).size, 0U) << "it has been asked";
    runtime.stop();
    EXPECT_THROW(waiting.join(), std::system_error);
}

TEST(ares_options, that_make_no_sense_are_refused) {
    EXPECT_THROW(static_cast<void>(mioco::ares::make_resolver({.servers = "no address"})),
                 std::runtime_error);
}

}  // namespace
