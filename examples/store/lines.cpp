// SPDX-License-Identifier: MPL-2.0
#include "lines.hpp"

#include <algorithm>
#include <system_error>
#include <variant>

namespace store {

std::optional<std::string> line_stream::read(std::chrono::milliseconds limit) {
    const mioco::timer expiry(limit);
    for (;;) {
        if (const auto end = received_.find('\n'); end != std::string::npos) {
            std::string line = received_.substr(0, end);
            received_.erase(0, end + 1);
            return line;
        }
        if (mioco::select(connection_.readable(), expiry.expiring()).index() == 1)
            return std::nullopt;
        const auto data = connection_.read_lease();
        if (data.empty()) return std::nullopt;
        received_ += data.text();
    }
}

std::optional<std::string> ask(const mioco::net::endpoint& server, const std::string& line,
                               std::chrono::milliseconds limit) {
    using answer = std::optional<std::string>;
    // In a fiber of its own, as connecting has no time limit.
    auto asking = mioco::spawn([=]() -> answer {
        try {
            line_stream to(mioco::net::tcp_stream::connect(server));
            to.write(line + '\n');
            return to.read(limit);
        } catch (const std::system_error&) {
            return std::nullopt;  // it cannot be reached, or has closed
        }
    });
    auto event = mioco::select(asking.joining(), mioco::after(limit));
    if (event.index() == 1) return std::nullopt;
    return std::get<0>(std::move(event));
}

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find(' '), line.size());
        words.emplace_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return words;
}

std::uint64_t number_in(const std::vector<std::string>& words, std::size_t index) {
    return std::stoull(words.at(index));
}

}  // namespace store
