// SPDX-License-Identifier: MPL-2.0
#include "io/sim/descriptors.hpp"

#include <cerrno>
#include <numeric>

namespace mioco::detail::sim {

int descriptor_table::add(file_ref file, host_id host) {
    if (!has_room(host)) return -EMFILE;
    if (free_.empty()) {
        free_.push(lowest + static_cast<int>(entries_.size()));
        entries_.emplace_back();
    }
    const int number = free_.top();
    free_.pop();
    if (counts_.size() <= host) counts_.resize(host + 1);
    ++counts_[host];
    file.get()->note(act::open, number - lowest);
    at(number) = {std::move(file), host};
    return number;
}

open_file* descriptor_table::find(int number) const noexcept {
    if (number < lowest || static_cast<std::size_t>(number - lowest) >= entries_.size())
        return nullptr;
    return at(number).file.get();
}

void descriptor_table::replace(int number, file_ref file) {
    // The old one goes when the new one is there already: what its end sets off may look at the table.
    std::swap(at(number).file, file);
}

void descriptor_table::remove(int number) {
    const file_ref last = std::move(at(number).file);
    --counts_[at(number).host];
    free_.push(number);
}

std::size_t descriptor_table::count(host_id host) const noexcept {
    return host < counts_.size() ? counts_[host] : 0;
}

std::size_t descriptor_table::count() const noexcept {
    return std::accumulate(counts_.begin(), counts_.end(), std::size_t{0});
}

void descriptor_table::clear() {
    for (entry& each : entries_) each.file.reset();
}

}  // namespace mioco::detail::sim
