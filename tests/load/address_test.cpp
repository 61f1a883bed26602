// SPDX-License-Identifier: MPL-2.0
#include "address.hpp"

#include <string>

#include <gtest/gtest.h>

#include "errors.hpp"

namespace {

using namespace mioco::load;
using mioco::net::endpoint;

void expect_refused(const std::string& text, const std::string& why) {
    try {
        FAIL() << text << " became " << resolve(text).to_string();
    } catch (const bad_argument& error) {
        EXPECT_EQ(error.what(), "address \"" + text + "\": " + why);
    }
}

TEST(address, numeric) {
    EXPECT_EQ(resolve("127.0.0.1:5555"), endpoint::loopback_v4(5555));
    EXPECT_EQ(resolve("[::1]:80"), endpoint::loopback_v6(80));
    EXPECT_EQ(resolve("127.0.0.1", 5555), endpoint::loopback_v4(5555));
    EXPECT_EQ(resolve("::1", 80), endpoint::loopback_v6(80));
    EXPECT_EQ(resolve("[::1]", 80), endpoint::loopback_v6(80));
}

TEST(address, without_host_it_is_this_one) {
    EXPECT_EQ(resolve(":5555"), endpoint::loopback_v4(5555));
}

TEST(address, a_name_is_looked_up) {
    const endpoint found = resolve("localhost:5555");
    EXPECT_TRUE(found == endpoint::loopback_v4(5555) || found == endpoint::loopback_v6(5555))
        << found.to_string();
}

TEST(address, a_bad_one_is_refused_with_the_reason) {
    expect_refused("5555", "give host:port, such as 127.0.0.1:5555");
    expect_refused("", "give host:port, such as 127.0.0.1:5555");
    const std::string bad_port = "the port must be from 1 to 65535";
    for (const std::string port : {"0", "65536", "70000", "-1", "", "http", "80x"}) {
        expect_refused("127.0.0.1:" + port, bad_port);
    }
    EXPECT_THROW(resolve("no such host:80"), bad_argument);
    expect_refused("::1:80", "give an IPv6 address as [::1]:5555");
}

}  // namespace
