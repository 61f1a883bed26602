// SPDX-License-Identifier: MPL-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/descriptor_leaks.hpp"
#include "support/flag.hpp"
#include "support/sockets.hpp"
#include "support/world.hpp"

namespace {

using namespace std::string_view_literals;
using mioco::net::direction;
using mioco::net::leased_bytes;
using mioco::net::tcp_stream;
using mioco::net::unix_stream;
using mioco_test::beside;
using mioco_test::connected_pair;
using mioco_test::error_of;
using mioco_test::pattern;
using mioco_test::read_text;
using mioco_test::until_somebody_waits;

class lease : public mioco_test::anywhere {};

TEST_P(lease, holds_what_came_and_is_empty_at_the_end) {
    inside([] {
        auto [near, far] = connected_pair();
        beside writer([&far = far, &near = near] {
            until_somebody_waits(near.native_handle());
            far.write_all("first"sv);
        });
        leased_bytes data = near.read_lease();
        writer.join();
        EXPECT_EQ(data.text(), "first");
        EXPECT_EQ(data.size(), 5U);
        EXPECT_EQ(data.end() - data.begin(), 5);
        EXPECT_EQ(static_cast<char>(*data.data()), 'f');
        EXPECT_FALSE(data.empty());
        near.write_all(data);
        EXPECT_EQ(read_text(far, 5), "first");
        far.shutdown(direction::write);
        std::error_code ec = std::make_error_code(std::errc::io_error);
        EXPECT_TRUE(near.read_lease(ec).empty());
        EXPECT_FALSE(ec);
        EXPECT_TRUE(near.read_lease().empty());
    });
}

TEST_P(lease, holds_at_most_its_capacity_and_leaves_the_rest) {
    inside([] {
        auto [near, far] = connected_pair();
        const std::string sent = pattern(3 * leased_bytes::capacity_bytes + 100);
        beside writer([&far = far, &sent] {
            far.write_all(sent);
            far.shutdown(direction::write);
        });
        std::string received;
        for (auto data = near.read_lease(); !data.empty(); data = near.read_lease()) {
            EXPECT_LE(data.size(), leased_bytes::capacity_bytes);
            received += data.text();
        }
        EXPECT_EQ(received, sent);
        writer.join();
    });
}

TEST_P(lease, moves) {
    inside([] {
        auto [near, far] = connected_pair();
        far.write_all("ab"sv);
        leased_bytes first = near.read_lease();
        leased_bytes second = std::move(first);
        EXPECT_TRUE(first.empty());
        EXPECT_EQ(second.text(), "ab");
        auto& itself = second;
        second = std::move(itself);
        EXPECT_EQ(second.text(), "ab");
        first = std::move(second);
        EXPECT_EQ(first.text(), "ab");
        first = leased_bytes();
        EXPECT_EQ(first.text(), "");
    });
}

TEST_P(lease, two_leases_do_not_share_a_buffer) {
    inside([] {
        auto [near, far] = connected_pair();
        std::vector<leased_bytes> held;
        for (int i = 0; i < 100; ++i) {
            far.write_all(std::to_string(i) + ".");
            held.push_back(near.read_lease());
        }
        for (int i = 0; i < 100; ++i)
            EXPECT_EQ(held[static_cast<std::size_t>(i)].text(), std::to_string(i) + ".");
    });
}

TEST_P(lease, is_given_back_elsewhere) {
    inside([] {
        auto [near, far] = connected_pair();
        for (int i = 0; i < 100; ++i) {
            const std::string sent = pattern(100 + static_cast<std::size_t>(i));
            far.write_all(sent);
            auto data = near.read_lease();
            auto check = [&sent, data = std::move(data)]() mutable {
                const leased_bytes last = std::move(data);
                EXPECT_EQ(last.text(), sent);
            };
            if (i % 2 == 0) {
                beside(std::move(check)).join();
            } else {
                mioco_test::thread(std::move(check)).join();
            }
        }
    });
}

// Over a Unix stream, where what was written is there to be read at once.
class lease_size : public testing::Test {
protected:
    static constexpr std::size_t usual = leased_bytes::usual_bytes;

    // How much the next lease has of so many bytes.
    static std::size_t next_of(unix_stream& near, unix_stream& far, std::size_t size) {
        const std::string sent = pattern(size);
        far.write_all(sent);
        std::string received;
        std::size_t first = 0;
        while (received.size() < size) {
            const auto data = near.read_lease();
            if (first == 0) first = data.size();
            received += data.text();
        }
        EXPECT_EQ(received, sent);
        return first;
    }
};

TEST_F(lease_size, grows_while_reads_fill_leases_and_shrinks_when_they_do_not) {
    mioco::run([] {
        auto [near, far] = unix_stream::pair();
        next_of(near, far, 10);
        EXPECT_EQ(next_of(near, far, 3 * usual), usual);
        EXPECT_EQ(next_of(near, far, 3 * usual), 3 * usual);
        EXPECT_EQ(next_of(near, far, 4 * usual), 4 * usual);
        EXPECT_EQ(next_of(near, far, 6 * usual), 6 * usual);
        // Each size is left after 16 reads that are small for it.
        for (int i = 0; i < 2 * 16; ++i) EXPECT_EQ(next_of(near, far, 10), 10U);
        EXPECT_EQ(next_of(near, far, 3 * usual), usual);
    });
}

TEST_F(lease_size, is_large_for_the_first_read_whether_it_has_to_wait_or_not) {
    mioco::run([] {
        auto [near, far] = unix_stream::pair();
        EXPECT_EQ(next_of(near, far, 4 * usual), 4 * usual);
        auto reader = mioco::spawn([&far = far] { return far.read_lease().size(); });
        until_somebody_waits(far.native_handle());
        near.write_all(pattern(2 * usual));
        EXPECT_EQ(reader.join(), 2 * usual);
    });
}

TEST_F(lease_size, is_usual_for_what_a_small_first_read_hands_out) {
    mioco::run([] {
        // More than there are large ones for. Half of them come to a reader that waits.
        std::vector<leased_bytes> held;
        for (int i = 0; i < 2000; ++i) {
            auto [near, far] = unix_stream::pair();
            if (i % 2 == 0) far.write_all("small"sv);
            auto reader = mioco::spawn([&near = near] { return near.read_lease(); });
            if (i % 2 != 0) {
                until_somebody_waits(near.native_handle());
                far.write_all("small"sv);
            }
            held.push_back(reader.join());
            ASSERT_EQ(held.back().text(), "small");
        }
        auto [near, far] = unix_stream::pair();
        EXPECT_EQ(next_of(near, far, 4 * usual), 4 * usual) << "all large ones are held";
    });
}

TEST_F(lease_size, is_of_one_stream) {
    mioco::run([] {
        auto [near, far] = unix_stream::pair();
        next_of(near, far, usual);
        auto [other_near, other_far] = unix_stream::pair();
        next_of(other_near, other_far, 10);
        EXPECT_EQ(next_of(other_near, other_far, 2 * usual), usual);
        EXPECT_EQ(next_of(near, far, 2 * usual), 2 * usual);
    });
}

TEST_F(lease_size, larger_than_usual_finds_the_end_that_comes_with_the_data) {
    mioco::run([] {
        auto [near, far] = unix_stream::pair();
        next_of(near, far, usual);
        auto reader = mioco::spawn([&near = near] {
            std::size_t count = 0;
            for (auto data = near.read_lease(); !data.empty(); data = near.read_lease())
                count += data.size();
            return count;
        });
        until_somebody_waits(near.native_handle());
        far.write_all(pattern(2 * usual));
        far.shutdown(direction::write);
        EXPECT_EQ(reader.join(), 2 * usual);
    });
}

TEST_F(lease_size, larger_than_usual_spends_as_many_operations_as_usual_ones_would) {
    mioco::run(mioco::config{}.workers(1), [] {
        auto [near, far] = unix_stream::pair();
        next_of(near, far, usual);
        next_of(near, far, 4 * usual);
        int turns = 0;
        bool is_over = false;
        auto other = mioco::spawn([&] {
            while (!is_over) {
                ++turns;
                mioco::yield();
            }
        });
        mioco::yield();
        const int before = turns;
        for (int i = 0; i < 30; ++i) next_of(near, far, 6 * usual);
        EXPECT_GT(turns, before) << "one always-ready stream starves the others";
        is_over = true;
        other.join();
    });
}

TEST_F(lease_size, may_be_held_by_more_than_there_are_large_ones_for) {
    mioco::run([] {
        auto [near, far] = unix_stream::pair();
        next_of(near, far, usual);
        next_of(near, far, 4 * usual);
        const std::string sent = pattern(5 * usual);
        std::vector<leased_bytes> held;
        bool got_usual = false;
        while (!got_usual) {
            far.write_all(sent);
            for (std::size_t count = 0; count < sent.size(); count += held.back().size()) {
                held.push_back(near.read_lease());
                got_usual = got_usual || held.back().size() == usual;
            }
        }
        std::string received;
        for (const leased_bytes& each : held) received += each.text();
        EXPECT_EQ(received.size() % sent.size(), 0U);
        for (std::size_t at = 0; at < received.size(); at += sent.size())
            ASSERT_EQ(std::string_view(received).substr(at, sent.size()), sent);
    });
}

TEST(drained_by_the_first_lease, a_stream_is_not_asked_again_before_more_comes) {
    mioco::runtime rt(mioco::config{}.workers(1));
    rt.run([&rt] {
        auto [near, far] = connected_pair();
        const std::uint64_t before = rt.metrics().total.io_attempts;
        far.write_all("along"sv);
        auto reader = mioco::spawn([&near = near] {
            EXPECT_EQ(near.read_lease().text(), "along");
            EXPECT_TRUE(near.read_lease().empty());
        });
        until_somebody_waits(near.native_handle());
        far.close();
        reader.join();
        EXPECT_EQ(rt.metrics().total.io_attempts - before, 3U) << "a write, two reads";
    });
}

TEST(lease_beyond, outlives_the_runtime_it_came_from) {
    leased_bytes kept;
    std::vector<leased_bytes> many;
    mioco::run([&] {
        auto [near, far] = connected_pair();
        far.write_all("kept"sv);
        kept = near.read_lease();
        for (int i = 0; i < 50; ++i) {
            far.write_all("x"sv);
            many.push_back(near.read_lease());
        }
    });
    EXPECT_EQ(kept.text(), "kept");
    mioco::run([&] { many.clear(); });
    kept = leased_bytes();
}

MIOCO_ANYWHERE(lease);

}  // namespace
