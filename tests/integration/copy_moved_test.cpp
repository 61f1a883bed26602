// SPDX-License-Identifier: MPL-2.0
#include <mioco/copy.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/unix_path.hpp"

namespace {

using namespace std::string_view_literals;
using mioco::detail::side;
using mioco::fs::file;
using mioco_test::beside;
using mioco_test::connected_pair;
using mioco_test::pattern;
using mioco_test::read_to_end;
using mioco_test::until_somebody_waits;

constexpr std::size_t size = 1'000'000;

// An end is moved away while the copy waits at either.
class moved_away : public testing::Test {
protected:
    template <class F>
    static void on_one_worker(F&& f) {
        mioco::run(mioco::config{}.workers(1), f);
    }

    template <class From, class To, class Moved, class GoOn>
    static std::uint64_t copied_until_told(From& from, To& to, Moved& moved, side waits_for,
                                           GoOn go_on) {
        std::uint64_t count = 0;
        std::error_code ec;
        mioco_test::flag has_ended;
        beside copier([&] {
            count = mioco::copy(from, to, ec);
            has_ended.raise();
        });
        if (waits_for == side::read) {
            until_somebody_waits(from.native_handle());
        } else {
            until_somebody_waits(to.native_handle(), side::write);
        }
        const auto elsewhere = std::move(moved);
        while (!has_ended.is_raised()) {
            go_on();
            mioco::yield();
        }
        copier.join();
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        return count;
    }
    // Of a copy that waits for something to come.
    template <class From, class Near, class To, class Moved>
    static void expect_one_byte(From& from, Near& near, To& to, Moved& moved) {
        const auto send_one = [&near, sent = false]() mutable {
            if (!std::exchange(sent, true)) near.write_all("!"sv);
        };
        EXPECT_EQ(copied_until_told(from, to, moved, side::read, send_one), 1U);
    }
};

TEST_F(moved_away, source_of_what_goes_through_a_pipe_is_an_error) {
    on_one_worker([] {
        auto [socket_near, socket_from] = connected_pair();
        auto [pipe_from, pipe_near] = mioco::pipe();
        auto [out, in] = mioco::pipe();
        expect_one_byte(socket_from, socket_near, in, socket_from);
        expect_one_byte(pipe_from, pipe_near, in, pipe_from);
        auto [other_from, other_near] = mioco::pipe();
        auto [to, far] = connected_pair();
        expect_one_byte(other_from, other_near, to, other_from);
    });
}

TEST_F(moved_away, sink_of_what_goes_through_a_pipe_is_an_error) {
    on_one_worker([] {
        auto [near, from] = connected_pair();
        auto [pipe_from, pipe_near] = mioco::pipe();
        auto [out, in] = mioco::pipe();
        expect_one_byte(from, near, in, in);
        auto [to, far] = connected_pair();
        expect_one_byte(pipe_from, pipe_near, to, to);
        auto [other_out, other_in] = mioco::pipe();
        expect_one_byte(pipe_from, pipe_near, other_in, other_in);
    });
}

TEST_F(moved_away, sink_without_room_is_an_error) {
    on_one_worker([] {
        const mioco_test::socket_folder folder;
        const auto path = folder.path("from");
        file::open(path, {.write = true, .create = true}).write_all(pattern(size));
        auto from = file::open(path);
        auto [to, far] = mioco_test::narrow_pair();
        std::string taken(20'000, '\0');
        const auto make_room = [&, &far = far] { static_cast<void>(far.try_read(taken)); };
        EXPECT_LT(copied_until_told(from, to, to, side::write, make_room), size);

        auto [pipe_from, near] = mioco::pipe();
        near.write_all(pattern(30'000));
        auto [out, in] = mioco::pipe({.capacity_bytes = 4096});
        const auto make_room_in_pipe = [&, &out = out] { static_cast<void>(out.try_read(taken)); };
        EXPECT_LT(copied_until_told(pipe_from, in, in, side::write, make_room_in_pipe), 30'000U);
    });
}

// What comes from the other belongs to whoever put it there.
template <class From, class Near, class Writer, class To, class Far>
void expect_nothing_of_the_other(From& from, Near& near, From& other, Writer& other_near, To& to,
                                 Far& far) {
    other_near.write_all("of the other"sv);
    std::error_code ec;
    beside copier([&] {
        mioco::copy(from, to, ec);
        to.close();
    });
    until_somebody_waits(from.native_handle());
    const auto elsewhere = std::exchange(from, std::move(other));
    near.write_all("mine"sv);
    near.close();
    EXPECT_EQ(read_to_end(far), "mine");
    copier.join();
    EXPECT_EQ(ec, std::errc::bad_file_descriptor);
    EXPECT_EQ(mioco_test::read_text(from, 12), "of the other");
}

TEST_F(moved_away, source_with_another_in_its_place_leaves_that_alone) {
    on_one_worker([] {
        auto [from, near] = mioco::pipe();
        auto [other, other_near] = mioco::pipe();
        auto [out, in] = mioco::pipe();
        expect_nothing_of_the_other(from, near, other, other_near, in, out);
        auto [socket_near, socket_from] = connected_pair();
        auto [socket_other_near, socket_other] = connected_pair();
        auto [to, far] = connected_pair();
        expect_nothing_of_the_other(socket_from, socket_near, socket_other, socket_other_near, to,
                                    far);
    });
}

}  // namespace
