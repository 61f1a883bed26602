// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <vector>

namespace mioco::load {

/// An endless text of random letters, cut into the messages that are sent. It repeats itself after
/// a prime number of bytes, so that neighbouring messages differ unless they are exactly that long,
/// and a response that was lost, doubled, or meant for another connection does not pass for the
/// right one.
class payload {
public:
    /// Makes the text, which is the same in every run.
    payload();

    /// Up to `size` bytes that stand at `position`: as many as lie in one piece, at most
    /// `chunk_bytes`.
    [[nodiscard]] std::span<const std::byte> at(std::uint64_t position,
                                                std::size_t size) const noexcept;

    /// Whether `received` is what stands at `position`.
    [[nodiscard]] bool matches(std::uint64_t position,
                               std::span<const std::byte> received) const noexcept;

    /// Writes `size` bytes from `position` on; stops at an error.
    template <class Stream>
    void write(Stream& stream, std::uint64_t position, std::size_t size,
               std::error_code& ec) const {
        while (size > 0) {
            const auto chunk = at(position, size);
            stream.write_all(chunk, ec);
            if (ec) return;
            position += chunk.size();
            size -= chunk.size();
        }
    }

    /// Where the text of the connection with this index begins.
    static constexpr std::uint64_t start_of(std::size_t connection) noexcept {
        return std::uint64_t{connection} * 9973;
    }

    /// The most bytes that `at` gives.
    static constexpr std::size_t chunk_bytes = std::size_t{64} * 1024;
    /// After so many bytes the text repeats itself.
    static constexpr std::size_t period_bytes = 65521;

private:
    std::vector<std::byte>
        text_;  // one period and a chunk, so that a chunk from anywhere lies in one piece
};

}  // namespace mioco::load
