// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mioco/mioco.hpp>

namespace store {

/// A connection on which both sides send lines.
class line_stream {
public:
    explicit line_stream(mioco::net::tcp_stream connection) : connection_(std::move(connection)) {}

    /// The next line, without its end; nothing if the peer has closed, or if none comes in that time.
    std::optional<std::string> read(std::chrono::milliseconds limit = std::chrono::hours(1000));
    /// Lines with their ends.
    void write(std::string_view lines) { connection_.write_all(lines); }

private:
    mioco::net::tcp_stream connection_;
    std::string received_;
};

/// What a server answers to a line; nothing if it does not in that time.
std::optional<std::string> ask(const mioco::net::endpoint& server, const std::string& line,
                               std::chrono::milliseconds limit);

/// What stands between the spaces.
std::vector<std::string> words_of(std::string_view line);
/// Throws a std::logic_error if there is no such word, or if it is no number.
std::uint64_t number_in(const std::vector<std::string>& words, std::size_t index);

}  // namespace store
