// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/world.hpp"

// Releasing a descriptor on which a call is under way.

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco::owned_fd;
using mioco::net::tcp_stream;
using mioco_test::beside;
using mioco_test::connected_pair;
using mioco_test::error_of;
using mioco_test::flag;
using mioco_test::read_some;
using mioco_test::until_somebody_queues;
using mioco_test::until_somebody_waits;

constexpr auto busy = std::errc::device_or_resource_busy;
constexpr auto gone = std::errc::bad_file_descriptor;

class release : public mioco_test::anywhere {};

TEST_P(release, is_refused_at_both_ends_of_a_copy) {
    inside([] {
        auto [near, far] = connected_pair();
        auto [out, in] = mioco::pipe();
        flag copied;
        beside copies([&, &near = near, &in = in] {
            EXPECT_EQ(mioco::copy(near, in), 5U);
            copied.raise();
        });
        until_somebody_waits(near.native_handle());
        EXPECT_EQ(error_of([&in = in] { in.release(); }), busy);
        EXPECT_EQ(error_of([&near = near] { near.release(); }), busy);
        far.write_all("first"sv);
        EXPECT_EQ(read_some(out), "first");
        far.shutdown(mioco::net::direction::write);
        copies.join();
        EXPECT_TRUE(copied.is_raised());
        const owned_fd released(in.release());
    });
}

MIOCO_ANYWHERE(release);

// On one worker: computes until the poller has something to tell, and looks at the poller, as often as that needs to hit the moment when
// whoever waits was woken and has not run.
int release_once_it_can_be(tcp_stream& stream) {
    for (;;) {
        const auto until = mioco_test::now() + 100us;
        while (mioco_test::now() < until) {
        }
        mioco::yield();
        try {
            return stream.release();
        } catch (const std::system_error& e) {
            if (e.code() != busy) throw;
        }
    }
}

enum class other_input { comes_at_once, comes_later };

// `use(stream)` reads "first", and waits for more on a stream that is released when more has come. Another takes its place in the library
// before the one that was woken runs.
template <class Use>
void expect_nothing_is_read_from_another(Use use, other_input then = other_input::comes_at_once) {
    mioco::run(mioco::config{}.workers(1), [&] {
        auto [near, far] = connected_pair();
        auto [other, other_far] = connected_pair();
        const int number = other.release();
        far.write_all("first"sv);
        auto uses =
            mioco::spawn([&, &near = near] { EXPECT_EQ(error_of([&] { use(near); }), gone); });
        until_somebody_waits(near.native_handle());
        far.write_all("second"sv);
        const owned_fd released(release_once_it_can_be(near));
        other = tcp_stream::adopt(number);
        const auto write = [&other_far = other_far] {
            EXPECT_EQ(other_far.try_write("secret"sv), 6U);
        };
        if (then == other_input::comes_at_once) write();
        uses.join();
        if (then == other_input::comes_later) write();
        EXPECT_EQ(read_some(other), "secret");
    });
}

// On one worker the one in line has not been told yet when the first has been.
TEST(release_of_a_stream, is_refused_while_another_is_in_line) {
    mioco::run(mioco::config{}.workers(1), [] {
        auto [near, far] = connected_pair();
        flag one_has_read;
        const auto read_one = [&, &near = near] {
            char byte[1];
            EXPECT_EQ(near.read(byte), 1U);
            one_has_read.raise();
        };
        beside first(read_one);
        until_somebody_waits(near.native_handle());
        beside second(read_one);
        until_somebody_queues(near.native_handle());
        far.write_all("1"sv);
        while (!one_has_read.is_raised()) {
            EXPECT_EQ(error_of([&near = near] { near.release(); }), busy);
            mioco::yield();
        }
        far.write_all("2"sv);
        first.join();
        second.join();
        EXPECT_GE(owned_fd(near.release()).get(), 0);
    });
}

TEST(release_of_a_stream, ends_a_read_that_was_woken) {
    expect_nothing_is_read_from_another([](tcp_stream& stream) {
        EXPECT_EQ(read_some(stream), "first");
        read_some(stream);
    });
}

TEST(release_of_a_stream, ends_a_lease_that_was_woken) {
    expect_nothing_is_read_from_another([](tcp_stream& stream) {
        EXPECT_EQ(stream.read_lease().size(), 5U);
        stream.read_lease();
    });
}

TEST(release_of_a_stream, ends_a_read_that_filled_its_room_and_was_woken) {
    expect_nothing_is_read_from_another([](tcp_stream& stream) {
        char room[5];
        EXPECT_EQ(stream.read(room), 5U);
        stream.read(room);
    });
}

TEST(release_of_a_stream, ends_a_wait_that_was_woken) {
    expect_nothing_is_read_from_another([](tcp_stream& stream) {
        EXPECT_EQ(read_some(stream), "first");
        stream.readable().wait();
    });
}

TEST(release_of_a_stream, ends_a_select_that_was_woken) {
    expect_nothing_is_read_from_another(
        [](tcp_stream& stream) {
            EXPECT_EQ(read_some(stream), "first");
            EXPECT_EQ(mioco::select(stream.readable(), mioco::after(1h)).index(), 0U);
            read_some(stream);
        },
        other_input::comes_later);
}

}  // namespace
