// SPDX-License-Identifier: MPL-2.0
#include "payload.hpp"

#include <algorithm>
#include <cstring>
#include <random>

namespace mioco::load {

payload::payload() : text_(period_bytes + chunk_bytes) {
    std::minstd_rand random;
    const auto period = std::span(text_).first(period_bytes);
    for (std::byte& letter : period) letter = static_cast<std::byte>('a' + random() % 26);
    for (std::size_t i = period_bytes; i < text_.size(); ++i) text_[i] = text_[i - period_bytes];
}

std::span<const std::byte> payload::at(std::uint64_t position, std::size_t size) const noexcept {
    return std::span(text_).subspan(position % period_bytes, std::min(size, chunk_bytes));
}

bool payload::matches(std::uint64_t position, std::span<const std::byte> received) const noexcept {
    while (!received.empty()) {
        const auto expected = at(position, received.size());
        if (std::memcmp(expected.data(), received.data(), expected.size()) != 0) return false;
        position += expected.size();
        received = received.subspan(expected.size());
    }
    return true;
}

}  // namespace mioco::load
