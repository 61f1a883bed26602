// SPDX-License-Identifier: MPL-2.0
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"

namespace {

using namespace std::string_view_literals;
using mioco::net::read_half;
using mioco::net::write_half;
using mioco_test::beside;
using mioco_test::connected_pair;
using mioco_test::error_of;
using mioco_test::narrow_pair;
using mioco_test::pattern;
using mioco_test::read_some;
using mioco_test::read_text;
using mioco_test::until_somebody_waits;

class split : public mioco_test::anywhere {};

// Both sides send more than the buffers hold before they read: with one fiber each that could not end.
TEST_P(split, the_halves_are_used_by_two_at_once) {
    inside([] {
        auto [near, far] = narrow_pair();
        auto [near_in, near_out] = std::move(near).split();
        auto [far_in, far_out] = std::move(far).split();
        const std::string sent = pattern(1 << 20);
        beside near_writer([&sent, out = std::move(near_out)]() mutable { out.write_all(sent); });
        beside far_writer([&sent, out = std::move(far_out)]() mutable { out.write_all(sent); });
        beside near_reader([&sent, in = std::move(near_in)]() mutable {
            EXPECT_EQ(read_text(in, sent.size()), sent);
        });
        EXPECT_EQ(read_text(far_in, sent.size()), sent);
        near_writer.join();
        EXPECT_EQ(read_some(far_in), "") << "the writer's end is the end of the stream";
        far_writer.join();
        near_reader.join();
    });
}

TEST_P(split, halves_know_the_peer) {
    inside([] {
        auto [near, far] = connected_pair();
        auto [in, out] = std::move(near).split();
        EXPECT_EQ(in.peer(), far.local());
        EXPECT_EQ(out.peer(), far.local());
        EXPECT_FALSE(near.is_open());
    });
}

TEST_P(split, the_end_of_the_writing_half_ends_the_stream_and_reading_goes_on) {
    inside([] {
        auto [near, far] = connected_pair();
        auto [in, out] = std::move(near).split();
        {
            const write_half ending = std::move(out);
        }
        EXPECT_EQ(read_some(far), "");
        far.write_all("still there"sv);
        EXPECT_EQ(read_some(in), "still there");
        EXPECT_EQ(error_of([&out = out] { out.write("x"sv); }), std::errc::bad_file_descriptor);
    });
}

TEST_P(split, the_end_of_the_reading_half_leaves_the_writing_one_alone) {
    inside([] {
        auto [near, far] = connected_pair();
        auto [in, out] = std::move(near).split();
        {
            const read_half ending = std::move(in);
        }
        out.write_all("on it goes"sv);
        EXPECT_EQ(read_some(far), "on it goes");
        out = write_half();
        EXPECT_EQ(read_some(far), "");
    });
}

TEST_P(split, assigning_to_a_writing_half_ends_what_it_had) {
    inside([] {
        auto [near, far] = connected_pair();
        auto [other_near, other_far] = connected_pair();
        auto [in, out] = std::move(near).split();
        auto [other_in, other_out] = std::move(other_near).split();
        out = std::move(other_out);
        EXPECT_EQ(read_some(far), "");
        EXPECT_EQ(out.peer(), other_far.local());
        out.write_all("other"sv);
        EXPECT_EQ(read_some(other_far), "other");
        auto& itself = out;
        out = std::move(itself);
        out.write_all("still"sv);
        EXPECT_EQ(read_some(other_far), "still");
    });
}

TEST_P(split, closing_one_half_wakes_who_waits_in_the_other) {
    inside([] {
        auto [near, far] = connected_pair();
        const int number = near.native_handle();
        auto [in, out] = std::move(near).split();
        beside reader([&in = in] {
            EXPECT_EQ(error_of([&in] { read_some(in); }), std::errc::bad_file_descriptor);
        });
        until_somebody_waits(number);
        out.close();
        reader.join();
        EXPECT_EQ(read_some(far), "");
    });
}

TEST_P(split, closing_the_reading_half_wakes_a_writer) {
    inside([] {
        auto [near, far] = narrow_pair();
        const int number = near.native_handle();
        auto [in, out] = std::move(near).split();
        beside writer([&out = out] {
            std::error_code ec;
            EXPECT_GT(out.write_all(pattern(8 << 20), ec), 0U);
            EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        });
        until_somebody_waits(number, mioco::detail::side::write);
        in.close();
        writer.join();
    });
}

TEST_P(split, halves_of_nothing_give_bad_file_descriptor) {
    inside([] {
        read_half in;
        write_half out;
        char buffer[4];
        std::error_code ec;
        in.read(buffer, ec);
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        out.write(buffer, ec);
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        in.close();
        out.close();
    });
}

MIOCO_ANYWHERE(split);

}  // namespace
