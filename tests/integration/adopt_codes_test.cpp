// SPDX-License-Identifier: MPL-2.0
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/flag.hpp"
#include "support/sockets.hpp"

// `adopt` and `release` in the form that tells by `std::error_code`, of all that have them.

namespace {

using mioco::async_fd;
using mioco::owned_fd;
using mioco::pipe_reader;
using mioco::pipe_writer;
using mioco::net::tcp_listener;
using mioco::net::tcp_stream;
using mioco::net::udp_socket;
using mioco::net::unix_datagram;
using mioco::net::unix_endpoint;
using mioco::net::unix_listener;
using mioco::net::unix_seqpacket;
using mioco::net::unix_stream;
using mioco_test::error_of;

// One of each. A peer, if it needs one, stays open.
template <class T>
T make() {
    if constexpr (std::is_same_v<T, tcp_stream>) {
        static tcp_stream peer;
        auto pair = mioco_test::connected_pair();
        peer = std::move(pair.far);
        return std::move(pair.near);
    } else if constexpr (std::is_same_v<T, pipe_reader>) {
        return mioco::pipe().first;
    } else if constexpr (std::is_same_v<T, pipe_writer>) {
        return mioco::pipe().second;
    } else if constexpr (std::is_same_v<T, async_fd>) {
        return async_fd::adopt(eventfd(0, EFD_CLOEXEC));
    } else if constexpr (std::is_same_v<T, unix_stream> || std::is_same_v<T, unix_seqpacket>) {
        static T peer;
        auto pair = T::pair();
        peer = std::move(pair.second);
        return std::move(pair.first);
    } else if constexpr (std::is_same_v<T, unix_listener> || std::is_same_v<T, unix_datagram>) {
        return T::bind(unix_endpoint());
    } else {
        return T::bind("127.0.0.1:0");
    }
}

template <class T>
class adopt_codes : public testing::Test {};

using all = testing::Types<tcp_stream, tcp_listener, udp_socket, unix_stream, unix_seqpacket,
                           unix_listener, unix_datagram, pipe_reader, pipe_writer, async_fd>;

struct named {
    template <class T>
    static std::string GetName(int i) {
        const char* const names[] = {
            "tcp_stream",    "tcp_listener",  "udp_socket",  "unix_stream", "unix_seqpacket",
            "unix_listener", "unix_datagram", "pipe_reader", "pipe_writer", "async_fd"};
        return names[i];
    }
};
TYPED_TEST_SUITE(adopt_codes, all, named);

TYPED_TEST(adopt_codes, tell_of_success) {
    auto made = make<TypeParam>();
    std::error_code ec = std::make_error_code(std::errc::io_error);
    const int number = made.release(ec);
    EXPECT_FALSE(ec) << ec.message();
    EXPECT_FALSE(made.is_open());
    ec = std::make_error_code(std::errc::io_error);
    auto again = TypeParam::adopt(number, ec);
    EXPECT_FALSE(ec) << ec.message();
    EXPECT_EQ(again.native_handle(), number);
}

TYPED_TEST(adopt_codes, tell_of_a_descriptor_of_another_kind_which_stays_the_callers) {
    const owned_fd file(memfd_create("a file", MFD_CLOEXEC));
    std::error_code ec;
    const auto made = TypeParam::adopt(file.get(), ec);
    EXPECT_TRUE(ec);
    EXPECT_EQ(error_of([&] { TypeParam::adopt(file.get()); }), ec);
    EXPECT_FALSE(made.is_open());
    EXPECT_EQ(ftruncate(file.get(), 1), 0) << "still open";
}

TYPED_TEST(adopt_codes, tell_that_none_is_open) {
    std::error_code ec;
    EXPECT_FALSE(TypeParam::adopt(-1, ec).is_open());
    EXPECT_EQ(ec, std::errc::bad_file_descriptor);
    TypeParam none;
    ec.clear();
    EXPECT_EQ(none.release(ec), -1);
    EXPECT_EQ(ec, std::errc::bad_file_descriptor);
}

TEST(adopt_code, tells_that_a_stream_is_waited_on) {
    mioco::run(mioco::config{}.workers(1), [] {
        auto [near, far] = mioco_test::connected_pair();
        auto reads = mioco::spawn([&near = near] { EXPECT_EQ(mioco_test::read_some(near), ""); });
        mioco_test::until_somebody_waits(near.native_handle());
        std::error_code ec;
        EXPECT_EQ(near.release(ec), -1);
        EXPECT_EQ(ec, std::errc::device_or_resource_busy);
        EXPECT_TRUE(near.is_open());
        far = tcp_stream();
        reads.join();
    });
}

TEST(adopt_code, tells_that_a_lent_descriptor_is_waited_on) {
    mioco::run(mioco::config{}.workers(1), [] {
        const owned_fd counter(eventfd(0, EFD_CLOEXEC));
        auto used = async_fd::borrow(counter.get());
        mioco_test::flag begun;
        auto waits = mioco::spawn([&] {
            begun.raise();
            used.wait_readable();
        });
        begun.await();  // on one worker it has begun to wait then
        std::error_code ec;
        EXPECT_EQ(used.release(ec), -1);
        EXPECT_EQ(ec, std::errc::device_or_resource_busy);
        EXPECT_EQ(eventfd_write(counter.get(), 1), 0);
        waits.join();
        EXPECT_EQ(used.release(ec), counter.get());
        EXPECT_FALSE(ec);
    });
}

TEST(adopt_code, tells_of_a_file_that_is_not_open) {
    std::error_code ec;
    EXPECT_FALSE(mioco::fs::file::adopt(-1, ec).is_open());
    EXPECT_EQ(ec, std::errc::bad_file_descriptor);
    auto file = mioco::fs::file::adopt(memfd_create("a file", MFD_CLOEXEC), ec);
    EXPECT_FALSE(ec);
    EXPECT_TRUE(file.is_open());
}

}  // namespace
