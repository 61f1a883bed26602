// SPDX-License-Identifier: MPL-2.0
#include "log.hpp"

#include <utility>

namespace store {

void log::append(entry one) {
    newest_[one.key] = entries_.size();
    entries_.push_back(std::move(one));
}

void log::take(std::size_t first, const std::vector<entry>& entries) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const std::size_t at = first + i;
        if (at < entries_.size()) {
            // One primary writes an entry of an epoch once, so the same epoch means the same entry.
            if (entries_[at].epoch == entries[i].epoch) continue;
            cut_off(at);
        }
        append(entries[i]);
    }
}

void log::cut_off(std::size_t length) {
    entries_.resize(length);
    newest_.clear();
    for (std::size_t i = 0; i < length; ++i) newest_[entries_[i].key] = i;
}

std::optional<std::string> log::find(const std::string& key) const {
    const auto found = newest_.find(key);
    if (found == newest_.end()) return std::nullopt;
    return entries_[found->second].value;
}

position log::end() const {
    return {entries_.empty() ? 0 : entries_.back().epoch, entries_.size()};
}

}  // namespace store
