// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"

// Descriptors that are passed. That none is left open, wherever they are lost, is what descriptor_leaks.hpp checks.

namespace {

using namespace std::string_view_literals;
using mioco::owned_fd;
using mioco::net::unix_datagram;
using mioco::net::unix_seqpacket;
using mioco::net::unix_stream;
using mioco_test::beside;
using mioco_test::error_of;
using mioco_test::read_some;
using mioco_test::read_text;
using mioco_test::until_somebody_waits;

class fd_passing : public mioco_test::anywhere {};

// What came can be written to: `reader` gets it.
void expect_writing_end(owned_fd& came, mioco::pipe_reader& reader) {
    ASSERT_TRUE(came);
    EXPECT_NE(fcntl(came.get(), F_GETFD) & FD_CLOEXEC, 0);
    auto writer = mioco::pipe_writer::adopt(came.release());
    writer.write_all("through"sv);
    EXPECT_EQ(read_text(reader, 7), "through");
}

template <class Socket>
void pass_one() {
    auto [near, far] = Socket::pair();
    auto [out, in] = mioco::pipe();
    const std::array passed{in.native_handle()};
    beside sender([&far = far, &near = near, &passed] {
        until_somebody_waits(near.native_handle());
        EXPECT_EQ(far.send_fds("with it"sv, passed), 7U);
    });
    char buffer[16];
    owned_fd fds[2];
    EXPECT_FALSE(near.try_recv_fds(buffer, fds));
    const auto got = near.recv_fds(buffer, fds);
    EXPECT_EQ(std::string_view(buffer, got.size), "with it");
    EXPECT_EQ(got.count, 1U);
    EXPECT_FALSE(got.fds_lost);
    EXPECT_FALSE(got.truncated);
    expect_writing_end(fds[0], out);
    EXPECT_FALSE(fds[1]);
    sender.join();
    EXPECT_EQ(far.try_send_fds("plain"sv, {}), 5U);
    EXPECT_EQ(near.recv_fds(buffer, fds).count, 0U);
}

TEST_P(fd_passing, over_each_type) {
    inside([] {
        pass_one<unix_stream>();
        pass_one<unix_datagram>();
        pass_one<unix_seqpacket>();
    });
}

TEST_P(fd_passing, more_than_there_is_room_for_are_closed_and_told) {
    inside([] {
        auto [near, far] = unix_stream::pair();
        auto [out, in] = mioco::pipe();
        const std::array passed{in.native_handle(), in.native_handle(), in.native_handle()};
        char buffer[16];
        {
            far.send_fds("x"sv, passed);
            owned_fd fds[2];
            const auto got = near.recv_fds(buffer, fds);
            EXPECT_EQ(got.count, 2U);
            EXPECT_TRUE(got.fds_lost);
        }
        far.send_fds("x"sv, passed);
        EXPECT_EQ(near.recv_fds(buffer, {}).count, 0U);
        far.send_fds("x"sv, passed);
        EXPECT_EQ(read_some(near), "x") << "a plain read loses them";
        in = mioco::pipe_writer();
        EXPECT_EQ(read_some(out), "") << "all duplicates are closed";
    });
}

TEST_P(fd_passing, a_full_load_goes_and_one_more_does_not) {
    inside([] {
        auto [near, far] = unix_datagram::pair();
        auto [out, in] = mioco::pipe();
        std::vector<int> passed(unix_datagram::most_fds, in.native_handle());
        far.send_fds("all"sv, passed);
        std::vector<owned_fd> fds(unix_datagram::most_fds);
        char buffer[2];
        const auto got = near.recv_fds(buffer, fds);
        EXPECT_EQ(got.count, fds.size());
        EXPECT_TRUE(got.truncated);
        EXPECT_FALSE(got.fds_lost);
        passed.push_back(in.native_handle());
        EXPECT_EQ(error_of([&far = far, &passed] { far.send_fds("x"sv, passed); }),
                  std::errc::invalid_argument);
    });
}

TEST_P(fd_passing, what_cannot_be_sent_is_an_error) {
    inside([] {
        auto [near, far] = unix_stream::pair();
        const std::array none{-1};
        std::error_code ec;
        EXPECT_EQ(far.send_fds("x"sv, none, ec), 0U);
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        const std::array own{far.native_handle()};
        EXPECT_EQ(error_of([&far = far, &own] { far.send_fds(""sv, own); }),
                  std::errc::invalid_argument)
            << "a stream carries them with a byte";
        char buffer[4];
        EXPECT_EQ(near.try_read(buffer), std::nullopt);
        EXPECT_EQ(error_of([&] { unix_stream().send_fds("x"sv, own); }),
                  std::errc::bad_file_descriptor);
    });
}

// A read ends behind what descriptors came with, though more bytes are there: the next one must not wait for an event.
TEST_P(fd_passing, bytes_behind_passed_descriptors_are_read) {
    inside([] {
        auto [near, far] = unix_stream::pair();
        auto [out, in] = mioco::pipe();
        const std::array passed{in.native_handle()};
        const auto send_all = [&far = far, &passed] {
            far.send_fds("a"sv, passed);
            far.write_all("b"sv);
            far.send_fds("c"sv, passed);
            far.write_all("d"sv);
        };
        const auto expect_all = [&near = near] {
            std::string all;
            while (all.size() < 4) {
                all +=
                    all.size() % 2 == 0 ? read_some(near) : std::string(near.read_lease().text());
            }
            EXPECT_EQ(all, "abcd");
        };
        for (int round = 0; round < 10; ++round) {
            send_all();
            expect_all();
            beside sender([&near = near, &send_all] {
                until_somebody_waits(near.native_handle());
                send_all();
            });
            expect_all();
            sender.join();
        }
    });
}

TEST_P(fd_passing, credentials_that_were_asked_for_take_no_descriptors_room) {
    inside([] {
        auto [near, far] = unix_datagram::pair();
        near.set_option(mioco::net::socket_option<SOL_SOCKET, SO_PASSCRED>{1});
        auto [out, in] = mioco::pipe();
        const std::array passed{in.native_handle()};
        far.send_fds("x"sv, passed);
        char buffer[2];
        owned_fd fds[1];
        EXPECT_EQ(near.recv_fds(buffer, fds).count, 1U);
        expect_writing_end(fds[0], out);
    });
}

// Its open file lived on in flight, and so did what the kernel was told to watch; it comes back with its former number.
TEST_P(fd_passing, what_was_closed_and_comes_back_can_be_waited_for) {
    inside([] {
        auto [near, far] = unix_stream::pair();
        auto [reads, writes] = mioco::pipe();
        beside waits([&reads = reads] { EXPECT_EQ(read_text(reads, 1), "a"); });
        until_somebody_waits(reads.native_handle());
        writes.write_all("a"sv);
        waits.join();
        far.send_fds("x"sv, std::array{reads.native_handle()});
        reads = {};
        char buffer[2];
        owned_fd fds[1];
        ASSERT_EQ(near.recv_fds(buffer, fds).count, 1U);
        auto again = mioco::pipe_reader::adopt(fds[0].release());
        beside waits_again([&again] { EXPECT_EQ(read_text(again, 1), "b"); });
        until_somebody_waits(again.native_handle());
        writes.write_all("b"sv);
        waits_again.join();
    });
}

TEST_P(fd_passing, close_wakes_who_waits_for_descriptors) {
    inside([] {
        auto [near, far] = unix_stream::pair();
        beside reader([&near = near] {
            char buffer[4];
            owned_fd fds[1];
            std::error_code ec;
            EXPECT_EQ(near.recv_fds(buffer, fds, ec).size, 0U);
            EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        });
        until_somebody_waits(near.native_handle());
        near.close();
        reader.join();
        char buffer[4];
        EXPECT_EQ(far.recv_fds(buffer, {}).size, 0U) << "the end";
    });
}

MIOCO_ANYWHERE(fd_passing);

}  // namespace
