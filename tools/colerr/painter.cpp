// SPDX-License-Identifier: MPL-2.0
#include "painter.hpp"

#include <algorithm>
#include <utility>

namespace colerr {

namespace {

// By its first byte; 0 for one that begins none.
std::size_t length_of_character(unsigned char first) noexcept {
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first < 0xE0) return 2;
    if (first >= 0xE0 && first < 0xF0) return 3;
    if (first >= 0xF0 && first < 0xF5) return 4;
    return 0;
}

bool continues_character(unsigned char byte) noexcept { return (byte & 0xC0) == 0x80; }

}  // namespace

std::size_t unfinished(std::string_view text) noexcept {
    constexpr std::size_t longest = 4;
    for (std::size_t back = 1; back <= std::min(longest, text.size()); ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if (continues_character(byte)) continue;
        return length_of_character(byte) > back ? back : 0;
    }
    return 0;
}

std::string painter::wrapped(std::string_view text) const {
    if (color_.empty() || text.empty()) return std::string(text);
    return color_ + std::string(text) + std::string(reset);
}

std::string painter::paint(std::string_view part) {
    const std::string all = std::exchange(kept_, {}) + std::string(part);
    const std::size_t whole = what_ == keeping::nothing ? all.size() : all.size() - unfinished(all);
    kept_ = all.substr(whole);
    return wrapped(std::string_view(all).substr(0, whole));
}

std::string painter::finish() { return wrapped(std::exchange(kept_, {})); }

}  // namespace colerr
