// SPDX-License-Identifier: MPL-2.0
#include <string>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>
#include <mioco/net/endpoint.hpp>
#include <mioco/net/unix_endpoint.hpp>
#include <mioco/owned_fd.hpp>

#include <fcntl.h>
#include <unistd.h>

#include "support/flag.hpp"

namespace {

using namespace std::string_view_literals;
using mioco::net::endpoint;
using mioco::net::unix_endpoint;
using mioco_test::error_of;

TEST(unix_endpoint, is_a_path_a_name_or_nothing) {
    const unix_endpoint none;
    EXPECT_TRUE(none.is_unnamed());
    EXPECT_EQ(none.to_string(), "(unnamed)");
    const unix_endpoint path("/run/server");
    EXPECT_TRUE(path.is_path());
    EXPECT_EQ(path.path(), "/run/server");
    EXPECT_EQ(path.abstract_name(), "");
    EXPECT_EQ(path.to_string(), "/run/server");
    const auto name = unix_endpoint::abstract("a\0b"sv);
    EXPECT_TRUE(name.is_abstract());
    EXPECT_FALSE(name.is_path());
    EXPECT_EQ(name.abstract_name(), "a\0b"sv);
    EXPECT_EQ(name.to_string(), "@a\0b"sv);
    EXPECT_NE(path, name);
    EXPECT_NE(none, name);
    EXPECT_NE(unix_endpoint("x"), unix_endpoint::abstract("x"));
    EXPECT_EQ(unix_endpoint("/run/server"), path);
}

TEST(unix_endpoint, comes_back_from_what_system_calls_give) {
    for (const auto& each :
         {unix_endpoint(), unix_endpoint("/run/server"), unix_endpoint::abstract("name"),
          unix_endpoint(std::string(unix_endpoint::longest_path, 'x'))}) {
        EXPECT_EQ(unix_endpoint(each.data(), each.size()), each);
    }
    EXPECT_TRUE(unix_endpoint(unix_endpoint("x").data(), 0).is_unnamed());
    const auto other = endpoint::loopback_v4(1);
    EXPECT_EQ(error_of([&] { unix_endpoint(other.data(), other.size()); }),
              std::errc::address_family_not_supported);
}

TEST(unix_endpoint, refuses_what_has_no_room_and_names_it) {
    const std::string endless(unix_endpoint::longest_path + 1, 'x');
    try {
        const unix_endpoint made(endless);
        ADD_FAILURE() << "too long";
    } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), std::errc::filename_too_long);
        EXPECT_NE(std::string(e.what()).find(endless), std::string::npos);
        EXPECT_NE(std::string(e.what()).find("107"), std::string::npos);
    }
    EXPECT_EQ(error_of([&] { unix_endpoint::abstract(endless); }), std::errc::filename_too_long);
    EXPECT_EQ(error_of([] { unix_endpoint(""); }), std::errc::invalid_argument);
    std::error_code ec;
    EXPECT_TRUE(unix_endpoint("a\0b"sv, ec).is_unnamed());
    EXPECT_EQ(ec, std::errc::invalid_argument);
    EXPECT_TRUE(unix_endpoint("fine", ec).is_path());
    EXPECT_FALSE(ec);
}

TEST(owned_fd, closes_what_it_holds) {
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    {
        mioco::owned_fd first(fd);
        mioco::owned_fd second(std::move(first));
        EXPECT_EQ(second.get(), fd);
        EXPECT_TRUE(second);
        first = std::move(second);
        EXPECT_EQ(first.release(), fd);
        EXPECT_FALSE(first);
        second = mioco::owned_fd(fd);
    }
    EXPECT_EQ(fcntl(fd, F_GETFD), -1);
}

}  // namespace
