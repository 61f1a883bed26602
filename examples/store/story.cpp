// SPDX-License-Identifier: MPL-2.0
#include "story.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <span>
#include <utility>

#include <mioco/mioco.hpp>

namespace store {

using namespace std::chrono_literals;

namespace {

constexpr std::array wanted{" partitioned", " healed", " held up", " RST arrived", " gave up"};

}  // namespace

// Each line is "SECONDS.NANOSECONDS HOST WHAT #NUMBER COUNT".
void story::trace(std::string_view line) {
    const auto is_in_line = [line](const char* part) {
        return line.find(part) != std::string_view::npos;
    };
    if (std::ranges::none_of(wanted, is_in_line)) return;
    const std::string_view seconds = line.substr(0, line.find('.') + 4);
    line.remove_prefix(line.find(' '));
    lines_.push_back({source::trace, std::string(seconds) + "      " + std::string(line)});
}

void story::tell(const std::string& who, const std::string& what) {
    const auto now = mioco::timer(0s).deadline();  // of the simulation
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.3f  ",
                  std::chrono::duration<double>(now.time_since_epoch()).count());
    const source from = who.starts_with("client") ? source::client : source::program;
    std::string text = seconds;
    text += who + ": " + what;
    lines_.push_back({from, std::move(text)});
}

void story::print_about(const std::string& key, bool with_trace, std::size_t most) const {
    std::vector<std::string_view> chosen;
    for (const line& each : lines_) {
        if (each.from == source::trace && !with_trace) continue;
        if (each.from == source::client && each.text.find(key) == std::string::npos) continue;
        chosen.push_back(each.text);
    }
    const std::size_t left_out = chosen.size() - std::min(most, chosen.size());
    for (const std::string_view each : std::span(chosen).subspan(left_out))
        std::printf("    %.*s\n", static_cast<int>(each.size()), each.data());
}

}  // namespace store
