// SPDX-License-Identifier: MPL-2.0
#include "io/sim/open_directory.hpp"

#include <cerrno>

#include <sys/epoll.h>

namespace mioco::detail::sim {

namespace {

// So few that programs read more than once.
constexpr int most_entries_at_once = 16;

}  // namespace

int open_directory::list(std::vector<directory_item>& into) {
    int count = 0;
    auto each = of_->entries.upper_bound(last_);
    for (; each != of_->entries.end() && count < most_entries_at_once; ++each, ++count) {
        into.push_back({each->first, each->second->mode & S_IFMT});
        last_ = each->first;
    }
    return count;
}

void open_directory::fill(struct stat& status) const {
    open_file::fill(status);
    of_->fill(status);
}

std::uint32_t open_directory::ready() const noexcept { return EPOLLIN | EPOLLOUT; }

ssize_t open_directory::read(part_cursor&, std::size_t) { return -EISDIR; }
ssize_t open_directory::write(part_cursor&, std::size_t) { return -EBADF; }

}  // namespace mioco::detail::sim
