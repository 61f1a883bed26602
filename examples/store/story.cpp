// SPDX-License-Identifier: MPL-2.0
#include "story.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace store {

namespace {

constexpr std::array wanted{" ACK of SYN-ACK arrived", " RST arrived", " FIN arrived",
                            " gave up", " held up"};

}  // namespace

// Each line is "SECONDS.NANOSECONDS HOST WHAT #NUMBER COUNT".
void story::trace(std::string_view line) {
    now_ = line.substr(0, line.find('.') + 4);
    const auto is_in_line = [line](const char* part) {
        return line.find(part) != std::string_view::npos;
    };
    if (std::ranges::any_of(wanted, is_in_line))
        lines_.push_back({true, false, now_ + "      " + std::string(line.substr(line.find(' ') + 1))});
}

void story::tell(const std::string& who, const std::string& what) {
    std::string text = now_ + "  ";
    text += who + ": " + what;
    lines_.push_back({false, who.starts_with("client"), std::move(text)});
}

void story::print_about(const std::string& key) const {
    for (const line& each : lines_) {
        const bool is_other_key = each.is_of_client && each.text.find(key) == std::string::npos;
        if (!each.is_traced && !is_other_key) std::printf("    %s\n", each.text.c_str());
    }
}

void story::print_end(std::size_t most) const {
    const std::size_t left_out = lines_.size() - std::min(most, lines_.size());
    for (std::size_t i = left_out; i < lines_.size(); ++i)
        std::printf("    %s\n", lines_[i].text.c_str());
}

}  // namespace store
