// SPDX-License-Identifier: MPL-2.0
#include <mioco/copy.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/unix_path.hpp"

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using mioco::detail::side;
using mioco::fs::file;
using mioco_test::beside;
using mioco_test::connected_pair;
using mioco_test::error_of;
using mioco_test::message_of;
using mioco_test::pattern;
using mioco_test::read_to_end;
using mioco_test::until_somebody_waits;

constexpr std::size_t size = 1'000'000;

template <class Stream>
void write_and_end(Stream& stream, std::string_view text) {
    stream.write_all(text);
    stream = Stream();
}

// Feeds one end, copies between, and tells whether all of it came out of the other end.
template <class Near, class From, class To, class Far>
void expect_copied(Near& near, From& from, To& to, Far& far) {
    const std::string sent = pattern(size);
    beside writer([&] { write_and_end(near, sent); });
    std::string received;
    beside reader([&] { received = read_to_end(far); });
    EXPECT_EQ(mioco::copy(from, to), size);
    to = To();
    reader.join();
    writer.join();
    EXPECT_EQ(received, sent);
}

class copies : public mioco_test::anywhere {};

TEST_P(copies, from_socket_to_socket) {
    inside([] {
        auto [near, from] = connected_pair();
        auto [to, far] = connected_pair();
        expect_copied(near, from, to, far);
        auto [local_near, local_from] = mioco::net::unix_stream::pair();
        auto [other_to, other_far] = mioco_test::narrow_pair();
        expect_copied(local_near, local_from, other_to, other_far);
    });
}

// A proxy has as many copies as connections, and twice.
TEST_P(copies, between_sockets_take_no_descriptors) {
    inside([] {
        auto [near, from] = connected_pair();
        auto [to, far] = connected_pair();
        const std::size_t before = mioco_test::open_descriptors();
        beside copier([&, &from = from, &to = to] {
            EXPECT_EQ(mioco::copy(from, to), 3U);
            to.close();
        });
        near.write_all("abc"sv);
        char received[3];
        far.read_exactly(received);
        EXPECT_EQ(std::string_view(received, 3), "abc");
        // A thread makes one to wait with, a pipe would be two. Other workers may have some open for a moment.
        std::size_t now = mioco_test::open_descriptors();
        for (int looks = 0; now > before + 1 && looks < 100; ++looks) {
            mioco::sleep_for(1ms);
            now = mioco_test::open_descriptors();
        }
        EXPECT_LE(now, before + 1);
        near.close();
        copier.join();
    });
}

TEST_P(copies, between_pipes_and_sockets) {
    inside([] {
        auto [near, from] = connected_pair();
        auto [far, to] = mioco::pipe({.capacity_bytes = 4096});
        expect_copied(near, from, to, far);
        auto [pipe_from, pipe_near] = mioco::pipe();
        auto [socket_to, socket_far] = mioco_test::narrow_pair();
        expect_copied(pipe_near, pipe_from, socket_to, socket_far);
        auto [first_from, first_near] = mioco::pipe();
        auto [second_far, second_to] = mioco::pipe({.capacity_bytes = 4096});
        expect_copied(first_near, first_from, second_to, second_far);
        auto [local_near, local_from] = mioco::net::unix_stream::pair();
        auto [local_to, local_far] = mioco::net::unix_stream::pair();
        expect_copied(local_near, local_from, local_to, local_far);
    });
}

TEST_P(copies, from_half_to_half) {
    inside([] {
        auto [near, from] = connected_pair();
        auto [to, far] = connected_pair();
        auto [from_read, from_write] = std::move(from).split();
        auto [to_read, to_write] = std::move(to).split();
        expect_copied(near, from_read, to_write, far);
    });
}

TEST_P(copies, files_to_and_from_everything) {
    inside([] {
        const mioco_test::socket_folder folder;
        const std::string text = pattern(size);
        const auto path = folder.path("from");
        file::open(path, {.write = true, .create = true}).write_all(text);

        auto from = file::open(path);
        from.seek(10);
        auto [to, far] = mioco_test::narrow_pair();
        std::string received;
        beside reader([&, &far = far] { received = read_to_end(far); });
        EXPECT_EQ(mioco::copy(from, to), size - 10);
        to.close();
        reader.join();
        EXPECT_EQ(received, text.substr(10));
        EXPECT_EQ(mioco::copy(from, to), 0U) << "it is at its end";

        auto [out, in] = mioco::pipe();
        from.seek(0);
        beside sender([&, &in = in] {
            mioco::copy(from, in);
            in.close();
        });
        const auto whole = folder.path("whole");
        auto made = file::open(whole, {.write = true, .create = true});
        EXPECT_EQ(mioco::copy(out, made), size);
        sender.join();

        // The kernel does not send to a file that is appended to.
        for (const auto& options : {mioco::fs::open_options{.write = true, .create = true},
                                    mioco::fs::open_options{.append = true, .create = true}}) {
            const auto copied = folder.path("copied");
            std::filesystem::remove(copied);
            EXPECT_EQ(mioco::copy(file::open(whole), file::open(copied, options)), size);
            std::string found(size, '\0');
            file::open(copied).read_exactly(found);
            EXPECT_EQ(found, text);
        }
    });
}

struct own_source {
    std::string_view left;
    std::size_t read(std::span<std::byte> into, std::error_code&) {
        const std::size_t count = std::min({into.size(), left.size(), std::size_t{1000}});
        std::memcpy(into.data(), left.data(), count);
        left.remove_prefix(count);
        return count;
    }
};

struct own_sink {
    std::string text;
    std::size_t room;
    std::size_t write_all(std::span<const std::byte> from, std::error_code& ec) {
        const std::size_t count = std::min(room - text.size(), from.size());
        text.append(reinterpret_cast<const char*>(from.data()), count);
        if (count < from.size()) ec = std::make_error_code(std::errc::no_space_on_device);
        return count;
    }
};

// What refers to the bytes' real place may be constant; a descriptor's object may not.
struct reference {
    own_source& source;
    own_sink& sink;
    std::size_t read(std::span<std::byte> into, std::error_code& ec) const {
        return source.read(into, ec);
    }
    std::size_t write_all(std::span<const std::byte> from, std::error_code& ec) const {
        return sink.write_all(from, ec);
    }
};
static_assert(!mioco::byte_source<const mioco::async_fd>);
static_assert(!mioco::byte_sink<const mioco::async_fd>);

// A part of one that is left behind is lost.
TEST_P(copies, records_that_are_larger_than_a_lease_arrive_whole) {
    inside([] {
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        mioco::owned_fd near(ends[0]);
        auto from = mioco::async_fd::adopt(ends[1]);
        auto [to, far] = mioco::net::unix_stream::pair();
        const std::string sent = pattern(40'000);
        ASSERT_EQ(::send(near.get(), sent.data(), sent.size(), 0), std::ssize(sent));
        near.reset();
        EXPECT_EQ(mioco::copy(from, to), sent.size());
        to.close();
        EXPECT_EQ(read_to_end(far), sent);
    });
}

// splice(2) stops at the urgent mark, and does not pass it.
TEST_P(copies, what_comes_after_urgent_data_arrives) {
    inside([] {
        for (const bool to_pipe : {true, false}) {
            auto [near, far] = connected_pair();
            ASSERT_EQ(::send(near.native_handle(), "abc", 3, 0), 3);
            ASSERT_EQ(::send(near.native_handle(), "!", 1, MSG_OOB), 1);
            ASSERT_EQ(::send(near.native_handle(), "def", 3, 0), 3);
            near.shutdown(mioco::net::direction::write);
            if (to_pipe) {
                auto [reader, writer] = mioco::pipe();
                EXPECT_EQ(mioco::copy(far, writer), 6U);
                writer.close();
                EXPECT_EQ(read_to_end(reader), "abcdef");
            } else {
                auto [near_end, far_end] = mioco::net::unix_stream::pair();
                EXPECT_EQ(mioco::copy(far, near_end), 6U);
                near_end.close();
                EXPECT_EQ(read_to_end(far_end), "abcdef");
            }
        }
    });
}

TEST_P(copies, types_of_ones_own_and_errors_tell_how_much_arrived) {
    inside([] {
        const std::string text = pattern(10'500);
        own_sink all{{}, text.size()};
        EXPECT_EQ(mioco::copy(own_source{text}, all), text.size());
        EXPECT_EQ(all.text, text);
        all.text.clear();
        own_source again{text};
        const reference both{again, all};
        EXPECT_EQ(mioco::copy(both, both), text.size());
        EXPECT_EQ(all.text, text);
        own_sink narrow{{}, 2'500};
        std::error_code ec;
        EXPECT_EQ(mioco::copy(own_source{text}, narrow, ec), 2'500U);
        EXPECT_EQ(ec, std::errc::no_space_on_device);
        narrow.text.clear();
        try {
            mioco::copy(own_source{text}, narrow);
            ADD_FAILURE();
        } catch (const mioco::io_error& e) {
            EXPECT_EQ(e.transferred(), 2'500U);
            EXPECT_EQ(e.code(), std::errc::no_space_on_device);
        }
    });
}

TEST_P(copies, what_is_closed_or_opened_for_something_else_is_told_so) {
    inside([] {
        own_sink sink{{}, 100};
        std::error_code ec;
        EXPECT_EQ(mioco::copy(mioco::net::tcp_stream(), sink, ec), 0U);
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        const std::string said = "mioco: copy after 0 bytes (either end was closed or moved from, ";
        EXPECT_TRUE(
            message_of([&] { mioco::copy(mioco::net::tcp_stream(), sink); }).starts_with(said));
        const mioco_test::socket_folder folder;
        const auto path = folder.path("file");
        file for_writing = file::create(path);
        EXPECT_TRUE(message_of([&] { mioco::copy(for_writing, sink); }).starts_with(said));
        file for_reading = file::open(path);
        EXPECT_TRUE(
            message_of([&] { mioco::copy(own_source{"x"}, for_reading); }).starts_with(said));
        own_sink narrow{{}, 1};
        EXPECT_TRUE(message_of([&] {
                        mioco::copy(own_source{"xy"}, narrow);
                    }).starts_with("mioco: copy after 1 byte: "));
    });
}

// As `write_all` of such a file reports it.
TEST_P(copies, a_file_that_turns_out_to_be_non_blocking_is_an_error_where_it_would_wait) {
    inside([] {
        const mioco_test::socket_folder folder;
        auto from = file::open(folder.path("from"), {.read = true, .write = true, .create = true});
        from.write_all(pattern(size));
        from.seek(0);
        auto [reader, writer] = mioco::pipe({.capacity_bytes = 4096});
        std::error_code ec;
        auto to = file::adopt(dup(writer.native_handle()));
        EXPECT_EQ(mioco::copy(from, to, ec), 4096U);
        EXPECT_EQ(ec, std::errc::resource_unavailable_try_again);

        auto [empty, peer] = mioco::net::unix_stream::pair();
        auto [other_reader, other_writer] = mioco::pipe();
        EXPECT_EQ(mioco::copy(file::adopt(dup(empty.native_handle())), other_writer, ec), 0U);
        EXPECT_EQ(ec, std::errc::resource_unavailable_try_again);
    });
}

TEST_P(copies, what_a_broken_pipe_does_not_take_stays_in_its_source) {
    inside([] {
        auto [from, near] = mioco::pipe();
        auto [far, to] = mioco::pipe();
        near.write_all("still there"sv);
        far.close();
        std::error_code ec;
        EXPECT_EQ(mioco::copy(from, to, ec), 0U);
        EXPECT_EQ(ec, std::errc::broken_pipe) << "and no SIGPIPE";
        EXPECT_EQ(mioco_test::read_some(from), "still there");

        auto [source, peer] = connected_pair();
        auto [sink, gone] = connected_pair();
        gone.close();
        beside writer([&, &peer = peer] {
            std::error_code ignored;
            while (!ignored) peer.write_all(pattern(10'000), ignored);
        });
        EXPECT_NE(error_of([&, &source = source, &sink = sink] { mioco::copy(source, sink); }),
                  std::errc());
        source.close();
        writer.join();
    });
}

TEST_P(copies, close_of_either_end_wakes_it) {
    inside([] {
        auto [source, peer] = connected_pair();
        auto [far, sink] = mioco::pipe({.capacity_bytes = 4096});
        beside closer([&, &source = source] {
            until_somebody_waits(source.native_handle());
            source.close();
        });
        EXPECT_EQ(error_of([&, &source = source, &sink = sink] { mioco::copy(source, sink); }),
                  std::errc::bad_file_descriptor);
        closer.join();

        auto [from, near] = mioco::pipe();
        near.write_all(pattern(20'000));
        beside other([&, &sink = sink] {
            until_somebody_waits(sink.native_handle(), side::write);
            sink.close();
        });
        std::error_code ec;
        const auto moved = mioco::copy(from, sink, ec);
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        other.join();
        near.close();
        EXPECT_EQ(moved + read_to_end(from).size(), 20'000U);
    });
}

MIOCO_ANYWHERE(copies);

TEST(copy_cancel, a_stop_ends_it_and_the_count_is_told) {
    mioco::runtime runtime(mioco::config{}.workers(2));
    auto [source, peer] = connected_pair();
    auto [sink, far] = connected_pair();
    std::uint64_t moved = 0;
    std::error_code ec;
    auto quiet = runtime.spawn(
        [&, &source = source, &sink = sink] { moved = mioco::copy(source, sink, ec); });
    peer.write_all("some"sv);
    EXPECT_EQ(mioco_test::read_text(far, 4), "some");
    until_somebody_waits(source.native_handle());
    runtime.stop();
    quiet.join();
    EXPECT_EQ(moved, 4U);
    EXPECT_EQ(ec, std::errc::operation_canceled);

    auto loud = runtime.spawn([&, &source = source, &sink = sink] { mioco::copy(source, sink); });
    runtime.stop();
    EXPECT_EQ(error_of([&] { loud.join(); }), std::errc::operation_canceled);
}

}  // namespace
