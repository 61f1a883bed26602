// SPDX-License-Identifier: MPL-2.0
#include "payload.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using mioco::load::payload;

std::vector<std::byte> copy(const payload& text, std::uint64_t position, std::size_t size) {
    std::vector<std::byte> bytes;
    while (bytes.size() < size) {
        const auto chunk = text.at(position + bytes.size(), size - bytes.size());
        bytes.insert(bytes.end(), chunk.begin(), chunk.end());
    }
    return bytes;
}

// Fails when it has got `room` bytes.
struct short_stream {
    std::size_t room;
    std::vector<std::byte> got;

    void write_all(std::span<const std::byte> bytes, std::error_code& ec) {
        const std::size_t size = std::min(bytes.size(), room - got.size());
        got.insert(got.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        if (size < bytes.size()) ec = std::make_error_code(std::errc::broken_pipe);
    }
};

TEST(payload, matches_itself_at_any_position_and_size) {
    const payload text;
    for (const std::uint64_t position : {0ULL, 1ULL, 65'520ULL, 65'521ULL, 9'999'999'999ULL}) {
        for (const std::size_t size : {1U, 26U, 65'521U, 65'536U, 200'000U}) {
            EXPECT_TRUE(text.matches(position, copy(text, position, size)))
                << position << ' ' << size;
        }
    }
}

TEST(payload, repeats_after_its_period) {
    const payload text;
    EXPECT_TRUE(text.matches(7 + payload::period_bytes, copy(text, 7, 1000)));
}

TEST(payload, sees_one_wrong_byte_wherever_it_is) {
    const payload text;
    auto bytes = copy(text, 40, 150'000);
    for (const std::size_t wrong : {0U, 25U, 65'535U, 65'536U, 149'999U}) {
        bytes[wrong] ^= std::byte{1};
        EXPECT_FALSE(text.matches(40, bytes)) << wrong;
        bytes[wrong] ^= std::byte{1};
    }
    EXPECT_TRUE(text.matches(40, bytes));
}

TEST(payload, sees_a_lost_message_and_one_of_another_connection) {
    const payload text;
    const std::uint64_t start = payload::start_of(3);
    EXPECT_FALSE(text.matches(start, copy(text, start + 26, 26)));
    EXPECT_FALSE(text.matches(start, copy(text, payload::start_of(4), 26)));
}

TEST(payload, is_printable) {
    for (const std::byte letter : copy(payload(), 0, payload::period_bytes)) {
        ASSERT_GE(std::to_integer<char>(letter), 'a');
        ASSERT_LE(std::to_integer<char>(letter), 'z');
    }
}

TEST(payload, writes_pieces_longer_than_a_chunk) {
    const payload text;
    short_stream stream{.room = 1'000'000, .got = {}};
    std::error_code ec;
    text.write(stream, 5, 300'000, ec);
    EXPECT_FALSE(ec);
    EXPECT_EQ(stream.got, copy(text, 5, 300'000));
}

TEST(payload, stops_writing_at_an_error) {
    const payload text;
    short_stream stream{.room = 100'000, .got = {}};
    std::error_code ec;
    text.write(stream, 5, 300'000, ec);
    EXPECT_EQ(ec, std::errc::broken_pipe);
    EXPECT_EQ(stream.got.size(), 100'000U);
}

}  // namespace
