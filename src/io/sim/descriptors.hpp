// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <queue>
#include <vector>

#include "io/sim/open_file.hpp"

namespace mioco::detail::sim {

/// The numbers of what is open, of all hosts. A number tells that it is a simulation's: the kernel gives none that is so high. The
/// lowest free one comes first, so that numbers are used again as soon as the kernel would.
class descriptor_table {
public:
    static constexpr int lowest = 1 << 30;

    explicit descriptor_table(std::size_t most_of_a_host) : most_(most_of_a_host) {}

    /// -EMFILE if the host has as many as it may.
    int add(file_ref file, host_id host);
    /// Null if nothing is open there.
    [[nodiscard]] open_file* find(int number) const noexcept;
    /// Not to be used with what is not open, as the others.
    [[nodiscard]] file_ref share(int number) const noexcept { return at(number).file.share(); }
    /// The number stays taken.
    void replace(int number, file_ref file);
    void remove(int number);
    /// Whether `add` has room.
    [[nodiscard]] bool has_room(host_id host) const noexcept { return count(host) < most_; }

    [[nodiscard]] std::size_t count(host_id host) const noexcept;
    [[nodiscard]] std::size_t count() const noexcept;

    void clear();

private:
    struct entry {
        file_ref file;
        host_id host = 0;
    };
    [[nodiscard]] const entry& at(int number) const noexcept {
        return entries_[static_cast<std::size_t>(number - lowest)];
    }
    entry& at(int number) noexcept { return entries_[static_cast<std::size_t>(number - lowest)]; }

    const std::size_t most_;
    std::vector<entry> entries_;
    std::priority_queue<int, std::vector<int>, std::greater<>> free_;
    std::vector<std::size_t> counts_;  // by host
};

}  // namespace mioco::detail::sim
