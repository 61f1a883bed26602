// SPDX-License-Identifier: MPL-2.0
#include <mioco/copy.hpp>

#include <atomic>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/descriptor_limit.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"

namespace {

std::atomic<int> splices_fail_with{0};
std::atomic<bool> next_splice_tells_the_end{false};
std::atomic<int> splices{0};

}  // namespace

// As a kernel that has no splice(2), or not for some kind of socket, or that stops at urgent data.
extern "C" ssize_t splice(int from, off64_t* from_offset, int to, off64_t* to_offset,
                          std::size_t count, unsigned flags) {
    ++splices;
    if (const int failure = splices_fail_with; failure != 0) {
        errno = failure;
        return -1;
    }
    if (next_splice_tells_the_end.exchange(false)) return 0;
    return syscall(SYS_splice, from, from_offset, to, to_offset, count, flags);
}

namespace {

using namespace std::string_view_literals;
using mioco::net::unix_stream;
using mioco_test::beside;
using mioco_test::connected_pair;
using mioco_test::pattern;
using mioco_test::read_to_end;
using mioco_test::until_somebody_waits;

constexpr std::size_t size = 1'000'000;

// What fibers copy between sockets: large parts go through a pipe, which is there as long as they come.
class large_parts : public testing::Test {
protected:
    static constexpr std::size_t part = std::size_t{64} << 10;

    // A worker that begins, or looks for deadlocks, opens a file of the kernel's for a moment. So where descriptors are counted
    // there is no other.
    template <class F>
    static void run_counting(F&& f) {
        mioco::run(mioco::config{}.workers(1), std::forward<F>(f));
    }

    struct line {
        unix_stream near, from, to, far;
    };
    static line make_line() {
        auto [near, from] = unix_stream::pair();
        auto [to, far] = unix_stream::pair();
        return {std::move(near), std::move(from), std::move(to), std::move(far)};
    }

    // One round through the copy, so that the next finds it waiting.
    static void pass(line& through, std::string_view text) {
        through.near.write_all(text);
        EXPECT_EQ(mioco_test::read_text(through.far, text.size()), text);
        until_somebody_waits(through.from.native_handle());
    }
    // A read may find a part of what is just being written. How many rounds that took.
    static std::size_t pass_until_spliced(line& through) {
        const std::string sent = pattern(part);
        const int splices_before = splices;
        const std::size_t descriptors_before = mioco_test::open_descriptors();
        std::size_t rounds = 0;
        while (splices == splices_before && mioco_test::open_descriptors() == descriptors_before) {
            pass(through, sent);
            ++rounds;
        }
        return rounds;
    }
};

TEST_F(large_parts, take_a_pipe_that_small_ones_give_back) {
    run_counting([] {
        line through = make_line();
        const std::size_t before = mioco_test::open_descriptors();
        auto copier = mioco::spawn([&] { return mioco::copy(through.from, through.to); });
        const std::size_t rounds = pass_until_spliced(through);
        EXPECT_EQ(mioco_test::open_descriptors(), before + 2);
        pass(through, pattern(part));
        EXPECT_EQ(mioco_test::open_descriptors(), before + 2);
        for (int i = 0; i < 16; ++i) pass(through, "small"sv);
        EXPECT_EQ(mioco_test::open_descriptors(), before);
        through.near.close();
        EXPECT_EQ(copier.join(), (rounds + 1) * part + 16 * 5);
    });
}

TEST_F(large_parts, go_without_one_where_there_are_many) {
    run_counting([] {
        constexpr std::size_t most = 128;
        std::vector<line> lines;
        for (std::size_t i = 0; i < most + 10; ++i) lines.push_back(make_line());
        const std::size_t before = mioco_test::open_descriptors();
        std::vector<mioco::join_handle<std::uint64_t>> copiers;
        for (line& each : lines)
            copiers.push_back(mioco::spawn([&] { return mioco::copy(each.from, each.to); }));
        const std::string sent = pattern(part);
        for (int i = 0; i < 2; ++i) {
            for (line& each : lines) pass(each, sent);
        }
        EXPECT_GT(mioco_test::open_descriptors(), before);
        EXPECT_LE(mioco_test::open_descriptors(), before + 2 * most);
        for (line& each : lines) each.near.close();
        for (auto& each : copiers) EXPECT_EQ(each.join(), 2 * part);
    });
}

TEST_F(large_parts, that_the_sink_does_not_take_are_not_counted) {
    run_counting([] {
        line through = make_line();
        std::error_code ec;
        auto copier = mioco::spawn([&] { return mioco::copy(through.from, through.to, ec); });
        const std::size_t rounds = pass_until_spliced(through);
        through.far.close();
        through.near.write_all(pattern(part));
        EXPECT_EQ(copier.join(), rounds * part);
        EXPECT_EQ(ec, std::errc::broken_pipe);
    });
}

TEST_F(large_parts, wait_for_room_and_a_stop_ends_that_too) {
    run_counting([] {
        line through = make_line();
        std::error_code ec;
        std::uint64_t moved = 0;
        auto copier = mioco::spawn([&] { moved = mioco::copy(through.from, through.to, ec); });
        const std::size_t rounds = pass_until_spliced(through);
        auto writer = mioco::spawn([&] {
            std::error_code ignored;
            through.near.write_all(pattern(8 * size), ignored);
        });
        until_somebody_waits(through.to.native_handle(), mioco::detail::side::write);
        copier.cancel();
        copier.join();
        EXPECT_EQ(ec, std::errc::operation_canceled);
        through.near.close();
        writer.join();
        through.to.close();
        EXPECT_EQ(moved, rounds * part + read_to_end(through.far).size());
    });
}

TEST_F(large_parts, with_urgent_data_among_them_arrive) {
    mioco::run([] {
        auto [near, from] = connected_pair();
        auto [to, far] = unix_stream::pair();
        const std::string sent = pattern(size);
        const int splices_before = splices;
        beside writer([&, &near = near] {
            near.write_all(sent);
            EXPECT_EQ(::send(near.native_handle(), "!", 1, MSG_OOB), 1);
            near.write_all(sent);
            near.close();
        });
        std::string received;
        beside reader([&, &far = far] { received = read_to_end(far); });
        EXPECT_EQ(mioco::copy(from, to), 2 * size);
        to.close();
        reader.join();
        writer.join();
        EXPECT_EQ(received, sent + sent);
        EXPECT_GT(splices, splices_before);
    });
}

TEST_F(large_parts, go_without_one_where_descriptors_are_short) {
    run_counting([] {
        line through = make_line();
        const std::size_t before = mioco_test::open_descriptors();
        auto copier = mioco::spawn([&] { return mioco::copy(through.from, through.to); });
        {
            const mioco_test::descriptor_limit shortage(0);
            for (int i = 0; i < 3; ++i) pass(through, pattern(part));
        }
        EXPECT_EQ(mioco_test::open_descriptors(), before);
        through.near.close();
        EXPECT_EQ(copier.join(), 3 * part);
    });
}

TEST_F(large_parts, go_without_one_where_the_kernel_refuses) {
    for (const int refusal : {EINVAL, ENOSYS, EPERM, EACCES}) {
        splices_fail_with = refusal;
        run_counting([] {
            line through = make_line();
            const std::size_t before = mioco_test::open_descriptors();
            auto copier = mioco::spawn([&] { return mioco::copy(through.from, through.to); });
            const std::size_t rounds = pass_until_spliced(through);
            EXPECT_EQ(mioco_test::open_descriptors(), before);
            pass(through, pattern(part));
            through.near.close();
            EXPECT_EQ(copier.join(), (rounds + 1) * part);
        });
    }
    splices_fail_with = 0;
}

TEST_F(large_parts, arrive_where_the_kernel_refuses_the_sink) {
    mioco::run([] {
        line through = make_line();
        ASSERT_EQ(fcntl(through.to.native_handle(), F_SETFL, O_APPEND | O_NONBLOCK), 0);
        const std::string sent = pattern(10 * size);
        beside sender([&] {
            through.near.write_all(sent);
            through.near.close();
        });
        beside copier([&] {
            EXPECT_EQ(mioco::copy(through.from, through.to), sent.size());
            through.to.close();
        });
        EXPECT_EQ(read_to_end(through.far), sent);
    });
}

TEST(part_of_a_copy, that_is_not_taken_whole_is_the_last) {
    mioco::run([] {
        auto [from, near] = mioco::pipe();
        auto [to, far] = connected_pair();
        near.write_all("taken, and not"sv);
        auto source = mioco::detail::copy_source(from);
        auto sink = mioco::detail::copy_sink(to);
        // Fails once, as for want of memory.
        sink.object = &near;
        sink.write_all = [](void* object, mioco::detail::const_bytes,
                            std::error_code& ec) -> std::size_t {
            auto& rest = *static_cast<mioco::pipe_writer*>(object);
            rest.write_all("behind the hole"sv);
            rest.close();
            ec = std::make_error_code(std::errc::no_buffer_space);
            return 5;
        };
        next_splice_tells_the_end = true;
        std::error_code ec;
        EXPECT_EQ(mioco::detail::copy_all(source, sink, &ec), 5U);
        EXPECT_EQ(ec, std::errc::no_buffer_space);
        to.close();
        EXPECT_EQ(read_to_end(far), "");
    });
}

}  // namespace
