// SPDX-License-Identifier: MPL-2.0
#include <mioco/net/endpoint.hpp>

#include <cstdint>
#include <cstring>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>

#include <sys/un.h>

namespace {

using mioco::net::endpoint;

std::string message_for(std::string_view text) {
    try {
        const endpoint parsed = endpoint::parse(text);
        return "accepted as " + parsed.to_string();
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), std::errc::invalid_argument);
        return e.what();
    }
}

std::string quoted(const std::string& text) {
    std::ostringstream out;
    out << '"' << text << '"';
    return out.str();
}

struct round_trip {
    const char* text;
    const char* printed;
};

constexpr round_trip good_forms[] = {
    {"127.0.0.1:5555", "127.0.0.1:5555"},
    {":5555", "0.0.0.0:5555"},
    {":0", "0.0.0.0:0"},
    {"255.255.255.255:65535", "255.255.255.255:65535"},
    {"10.0.0.1:080", "10.0.0.1:80"},
    {"[::1]:80", "[::1]:80"},
    {"[::]:0", "[::]:0"},
    {"[2001:DB8::A]:443", "[2001:db8::a]:443"},
    {"[0:0:0:0:0:0:0:1]:1", "[::1]:1"},
    {"[::ffff:192.0.2.1]:7", "[::ffff:192.0.2.1]:7"},
    {"[fe80::1%lo]:80", "[fe80::1%lo]:80"},
    {"[fe80::1%4294967295]:80", "[fe80::1%4294967295]:80"},
    {"[fe80::1%0]:80", "[fe80::1]:80"},
};

TEST(endpoint, good_forms_are_read_and_printed) {
    for (const auto& [text, printed] : good_forms) {
        std::error_code ec = std::make_error_code(std::errc::io_error);
        const endpoint parsed = endpoint::parse(text, ec);
        EXPECT_FALSE(ec) << text;
        EXPECT_EQ(parsed.to_string(), printed);
        EXPECT_EQ(endpoint::parse(text), parsed);
        EXPECT_EQ(endpoint::parse(parsed.to_string()), parsed);
    }
}

struct refusal {
    const char* reason;
    std::vector<std::string> texts;
};

const refusal bad_forms[] = {
    {"no \":port\" at the end", {"", "127.0.0.1", "5555", "localhost"}},
    {"the port is no number from 0 to 65535",
     {":", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1: 80",
      "127.0.0.1:80 ", "127.0.0.1:0x50", "127.0.0.1:http", "127.0.0.1:99999999999999999999",
      "[::1]:", "[::1]:65536"}},
    {"mioco::net::resolve looks names up",
     {"localhost:80", "127.0.0:80", "127.0.0.256:80", "1.2.3.4.5:80", " 127.0.0.1:80",
      std::string(300, '1').append(":80")}},
    {"stands in brackets", {"::1:80", "fe80::1:80"}},
    {"\"[\" has no \"]\"", {"[::1", "["}},
    {"no \":port\" after \"]\"", {"[::1]", "[::1]80"}},
    {"no IPv6 address",
     {"[]:80", "[127.0.0.1]:80", "[::1::]:80", "[12345::]:80",
      std::string("[").append(300, '1').append("]:80")}},
    {"no such network interface",
     {"[fe80::1%]:80", "[fe80::1%no-such]:80", "[fe80::1%4294967296]:80"}},
};

TEST(endpoint, bad_forms_are_refused_with_the_input_quoted_and_a_reason) {
    for (const refusal& bad : bad_forms) {
        for (const std::string& text : bad.texts) {
            const std::string message = message_for(text);
            EXPECT_NE(message.find(quoted(text)), std::string::npos) << message;
            EXPECT_NE(message.find(bad.reason), std::string::npos) << message;
            std::error_code ec;
            EXPECT_EQ(endpoint::parse(text, ec), endpoint());
            EXPECT_EQ(ec, std::errc::invalid_argument);
        }
    }
}

// A terminated string would end at the zero, and the rest would go unread.
TEST(endpoint, parse_refuses_a_zero_within_the_text) {
    using namespace std::string_view_literals;
    for (const std::string_view text :
         {"127.0.0.1\0:80"sv, "127.0.0.1\0.evil:80"sv, "[::1\0x]:80"sv, "[fe80::1%lo\0x]:80"sv,
          "127.0.0.1:80\0"sv, "\0:80"sv}) {
        std::error_code ec;
        EXPECT_EQ(endpoint::parse(text, ec), endpoint());
        EXPECT_EQ(ec, std::errc::invalid_argument);
    }
}

TEST(endpoint, the_default_one_is_unspecified) {
    const endpoint none;
    EXPECT_EQ(none.to_string(), "0.0.0.0:0");
    EXPECT_EQ(none.family(), AF_INET);
    EXPECT_FALSE(none.is_v6());
    EXPECT_EQ(none.port(), 0);
}

TEST(endpoint, loopback_addresses_are_the_local_host) {
    EXPECT_EQ(endpoint::loopback_v4(80), endpoint::parse("127.0.0.1:80"));
    EXPECT_EQ(endpoint::loopback_v6(80), endpoint::parse("[::1]:80"));
    EXPECT_EQ(endpoint::loopback_v4(80).address_string(), "127.0.0.1");
    EXPECT_EQ(endpoint::loopback_v6(80).address_string(), "::1");
}

TEST(endpoint, with_port_changes_the_port_alone) {
    for (const char* const text : {"10.1.2.3:1", "[fe80::7%lo]:1"}) {
        const endpoint before = endpoint::parse(text);
        const endpoint after = before.with_port(65535);
        EXPECT_EQ(before.port(), 1);
        EXPECT_EQ(after.port(), 65535);
        EXPECT_EQ(after.address_string(), before.address_string());
        EXPECT_EQ(after.with_port(1), before);
    }
}

TEST(endpoint, orders_ipv4_first_then_by_address_port_and_scope) {
    const char* const ascending[] = {
        "1.2.3.4:9",     "1.2.3.5:8",       "1.2.3.5:9",         "200.0.0.1:0",
        "[::]:9",        "[::1]:8",         "[::1]:9",           "[fe80::1]:7",
        "[fe80::1%1]:7", "[fe80::1%200]:7", "[fe80::1%65536]:7", "[ff02::1]:0"};
    for (const char* const& a : ascending) {
        for (const char* const& b : ascending) {
            EXPECT_EQ(endpoint::parse(a) <=> endpoint::parse(b), &a <=> &b) << a << " and " << b;
        }
    }
}

TEST(endpoint, what_system_calls_give_is_taken_over) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(8080);
    v4.sin_addr.s_addr = htonl(0xC0000201);
    EXPECT_EQ(endpoint(reinterpret_cast<const sockaddr*>(&v4), sizeof v4).to_string(),
              "192.0.2.1:8080");

    const endpoint v6 = endpoint::parse("[2001:db8::1]:443");
    ASSERT_EQ(v6.size(), sizeof(sockaddr_in6));
    EXPECT_EQ(endpoint(v6.data(), v6.size()), v6);
}

TEST(endpoint, other_families_and_short_addresses_are_refused) {
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    const auto refuses = [](const void* address, std::size_t size) {
        try {
            const endpoint made(static_cast<const sockaddr*>(address),
                                static_cast<socklen_t>(size));
            return false;
        } catch (const std::system_error& e) {
            return e.code() == std::errc::address_family_not_supported;
        }
    };
    EXPECT_TRUE(refuses(&local, sizeof local));
    EXPECT_TRUE(refuses(&v4, sizeof v4 - 1));
}

endpoint random_endpoint(std::mt19937_64& random) {
    const auto port = static_cast<in_port_t>(random());
    if (random() % 2 == 0) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = port;
        v4.sin_addr.s_addr = static_cast<in_addr_t>(random());
        return {reinterpret_cast<const sockaddr*>(&v4), sizeof v4};
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = port;
    // Mostly zeros now and then, for the short forms.
    const auto zeros = random() % 4 == 0 ? ~(random() & random()) : ~std::uint64_t{0};
    for (int i = 0; i < 16; ++i) {
        if ((zeros >> i & 1) != 0) v6.sin6_addr.s6_addr[i] = static_cast<std::uint8_t>(random());
    }
    if (random() % 4 == 0) v6.sin6_scope_id = static_cast<std::uint32_t>(random());
    return {reinterpret_cast<const sockaddr*>(&v6), sizeof v6};
}

TEST(endpoint, whatever_is_printed_is_read_back_as_the_same) {
    const auto seed = std::random_device()();
    std::mt19937_64 random(seed);
    for (int i = 0; i < 20'000; ++i) {
        const endpoint original = random_endpoint(random);
        ASSERT_EQ(endpoint::parse(original.to_string()), original)
            << original.to_string() << ", seed " << seed;
    }
}

// Whatever the text, it is either refused, or read as something that prints to an equal endpoint.
TEST(endpoint, any_text_is_refused_or_stands_for_one_endpoint) {
    const auto seed = std::random_device()();
    std::mt19937_64 random(seed);
    constexpr std::string_view letters = "0123456789abcdef.:[]%::::.. x\\\"";
    for (int i = 0; i < 50'000; ++i) {
        std::string text = random() % 2 == 0 ? "" : random_endpoint(random).to_string();
        if (text.empty()) text.resize(random() % 40, ':');
        for (auto changes = random() % 4; changes > 0 && !text.empty(); --changes) {
            text[random() % text.size()] = letters[random() % letters.size()];
        }
        std::error_code ec;
        const endpoint parsed = endpoint::parse(text, ec);
        if (ec) continue;
        ASSERT_EQ(endpoint::parse(parsed.to_string()), parsed)
            << '"' << text << "\", seed " << seed;
    }
}

}  // namespace
