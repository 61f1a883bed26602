// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace store {

/// Counts primaries: each is the primary of one epoch.
using epoch_number = std::uint64_t;

/// A write, as the primary of an epoch put it into its log.
struct entry {
    epoch_number epoch = 0;
    std::string key;
    std::string value;
};

/// How far a log has got.
struct position {
    epoch_number epoch = 0;  ///< Of its last entry.
    std::size_t length = 0;
};

/// All writes in order, and the newest value of each key.
class log {
public:
    void append(entry one);
    /// Makes the entries from `first` on those of a newer primary. Nothing changes where they are the same already: a message may be
    /// late.
    void take(std::size_t first, const std::vector<entry>& entries);

    [[nodiscard]] std::optional<std::string> find(const std::string& key) const;
    [[nodiscard]] std::span<const entry> from(std::size_t first) const {
        return std::span(entries_).subspan(first);
    }
    [[nodiscard]] std::size_t length() const noexcept { return entries_.size(); }
    [[nodiscard]] position end() const;

private:
    void cut_off(std::size_t length);

    std::vector<entry> entries_;
    std::unordered_map<std::string, std::size_t> newest_;
};

}  // namespace store
