// SPDX-License-Identifier: MPL-2.0
#include "io/sim/file_content.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "io/sim/world.hpp"

namespace mioco::detail::sim {

namespace {

// A kernel writes back by itself what has waited for long; here what is too much.
constexpr std::size_t most_unsynced_bytes = 1 << 20;
constexpr std::size_t most_unsynced_changes = 4096;

void put(std::vector<std::byte>& into, std::size_t offset, std::span<const std::byte> bytes) {
    if (into.size() < offset + bytes.size()) into.resize(offset + bytes.size());
    std::ranges::copy(bytes, into.begin() + static_cast<std::ptrdiff_t>(offset));
}

std::size_t sectors_of(std::size_t offset, std::size_t size) {
    return (offset + size - 1) / file_content::sector - offset / file_content::sector + 1;
}

// What of a write, `skipped` sectors after its first, lies in one sector.
struct piece {
    std::size_t offset;
    std::span<const std::byte> bytes;
};

piece piece_of(std::size_t offset, std::span<const std::byte> bytes, std::size_t skipped) {
    constexpr std::size_t size = file_content::sector;
    const std::size_t first = offset / size + skipped;
    const std::size_t from = std::max(offset, first * size);
    const std::size_t to = std::min(offset + bytes.size(), (first + 1) * size);
    return {from, bytes.subspan(from - offset, to - from)};
}

}  // namespace

void file_content::apply(std::vector<std::byte>& to, const change& made) {
    if (made.bytes.empty()) {
        to.resize(made.offset);
    } else {
        put(to, made.offset, made.bytes);
    }
}

void file_content::add(change made) {
    apply(bytes_, made);
    made.size_after = size();
    unsynced_bytes_ += made.bytes.size();
    unsynced_.push_back(std::move(made));
    while (unsynced_bytes_ > most_unsynced_bytes || unsynced_.size() > most_unsynced_changes) {
        apply(device_, unsynced_.front());
        unsynced_bytes_ -= unsynced_.front().bytes.size();
        unsynced_.pop_front();
    }
}

void file_content::write(std::size_t offset, std::vector<std::byte> bytes) {
    if (!bytes.empty()) add({offset, std::move(bytes), 0});
}

void file_content::resize(std::size_t size) {
    if (size != bytes_.size()) add({size, {}, 0, size < bytes_.size()});
}

void file_content::sync() {
    for (const change& each : unsynced_) apply(device_, each);
    unsynced_.clear();
    unsynced_bytes_ = 0;
}

bool file_content::tear(world& in) {
    if (unsynced_.empty()) {
        // A sync that failed may have left less than programs see.
        bytes_ = device_;
        return false;
    }
    enum : std::uint8_t { nothing, everything, in_turn, ways = 4 };
    switch (in.below(ways)) {
        case nothing:
            break;
        case everything:
            sync();
            break;
        case in_turn:
            device_ = some_in_turn(in);
            break;
        default:
            device_ = some_of_each_sector(in);
            break;
    }
    bytes_ = device_;
    unsynced_.clear();
    unsynced_bytes_ = 0;
    return true;
}

void file_content::lose_some(world& in) {
    const std::vector<std::byte> seen = bytes_;
    tear(in);
    bytes_ = seen;
}

// The first changes whole, and of the next one the first sectors.
std::vector<std::byte> file_content::some_in_turn(world& in) const {
    std::vector<std::byte> left = device_;
    const auto whole = static_cast<std::size_t>(in.below(unsynced_.size()));
    for (std::size_t i = 0; i < whole; ++i) apply(left, unsynced_[i]);
    const change& torn = unsynced_[whole];
    if (torn.bytes.empty()) return left;
    const std::size_t sectors = in.below(sectors_of(torn.offset, torn.bytes.size()) + 1);
    for (std::size_t i = 0; i < sectors; ++i) {
        const piece kept = piece_of(torn.offset, torn.bytes, i);
        put(left, kept.offset, kept.bytes);
    }
    return left;
}

// Each sector has had the first of the changes that concern it, each as many as is drawn; and the size is one that the file had. What
// was written before the file was cut is not seen behind the cut, nor what was written after it, unless the size tells of the cut.
std::vector<std::byte> file_content::some_of_each_sector(world& in) const {
    const auto sized = static_cast<std::size_t>(in.below(unsynced_.size() + 1));
    std::size_t first = sized;
    while (first > 0 && !unsynced_[first - 1].is_cut) --first;
    std::size_t last = sized;
    while (last < unsynced_.size() && !unsynced_[last].is_cut) ++last;

    std::vector<std::byte> left = device_;
    for (std::size_t i = 0; i < first; ++i) apply(left, unsynced_[i]);
    const std::size_t size = sized == 0 ? device_.size() : unsynced_[sized - 1].size_after;
    left.resize(size);
    std::map<std::size_t, std::vector<piece>> touched;
    for (std::size_t i = first; i < last; ++i) {
        const change& made = unsynced_[i];
        if (made.bytes.empty()) continue;
        for (std::size_t k = 0; k < sectors_of(made.offset, made.bytes.size()); ++k) {
            const piece part = piece_of(made.offset, made.bytes, k);
            touched[part.offset / sector].push_back(part);
        }
    }
    for (const auto& [number, parts] : touched) {
        const auto kept = static_cast<std::size_t>(in.below(parts.size() + 1));
        for (std::size_t i = 0; i < kept; ++i) put(left, parts[i].offset, parts[i].bytes);
    }
    left.resize(size);
    return left;
}

}  // namespace mioco::detail::sim
