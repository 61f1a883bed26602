// SPDX-License-Identifier: MPL-2.0
#include "io/sim/regular_file.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "io/sim/world.hpp"

namespace mioco::detail::sim {

namespace {

// Of a file in memory; the kernel's ends where its numbers do.
constexpr std::uint64_t longest_file = std::uint64_t{1} << 32;

}  // namespace

regular_file::regular_file(world& in, host_id host, int flags, std::shared_ptr<inode> of)
    : open_file(in, host, kind::regular, flags), of_(std::move(of)) {}

bool regular_file::may_read() const noexcept { return (flags() & O_ACCMODE) != O_WRONLY; }
bool regular_file::may_write() const noexcept { return (flags() & O_ACCMODE) != O_RDONLY; }

ssize_t regular_file::read_at(part_cursor& into, std::size_t most, std::uint64_t offset) const {
    if (!may_read()) return -EBADF;
    if (offset > std::numeric_limits<std::int64_t>::max()) return -EINVAL;
    if (offset >= size()) return 0;
    const auto from = static_cast<std::size_t>(offset);
    const std::size_t count = std::min(most, size() - from);
    if (in().chance(in().faults().disk_error)) return -EIO;
    of_->read_at = in().now();
    return static_cast<ssize_t>(into.put(of_->content.bytes().subspan(from, count)));
}

ssize_t regular_file::write_at(part_cursor& from, std::size_t most, std::uint64_t offset) {
    if (!may_write()) return -EBADF;
    if (offset > std::numeric_limits<std::int64_t>::max()) return -EINVAL;
    // Also at an offset, as of Linux.
    if ((flags() & O_APPEND) != 0) offset = size();
    if (most == 0) return 0;
    if (offset >= longest_file || most > longest_file - offset) return -EFBIG;
    if (in().chance(in().faults().no_space)) return -ENOSPC;
    std::vector<std::byte> bytes;
    const std::size_t count = from.take(bytes, most);
    in().note_content(bytes);
    of_->content.write(static_cast<std::size_t>(offset), std::move(bytes));
    of_->note_write(in().now());
    return static_cast<ssize_t>(count);
}

int regular_file::set_size(std::int64_t size) {
    if (!may_write() || size < 0) return -EINVAL;
    if (static_cast<std::uint64_t>(size) > longest_file) return -EFBIG;
    of_->content.resize(static_cast<std::size_t>(size));
    of_->note_write(in().now());
    return 0;
}

// As Linux does it, a failure is told once: what was to be written then counts as written, though some of it was not.
int regular_file::sync(bool data_only) {
    if (in().chance(in().faults().disk_error)) {
        of_->content.lose_some(in());
        return -EIO;
    }
    of_->content.sync();
    if (!data_only) of_->synced_mode = of_->mode;
    return 0;
}

int regular_file::lock(short type) {
    auto& locks = of_->locks;
    if (type == F_UNLCK) {
        locks.erase(id());
        return 0;
    }
    if (type == F_WRLCK ? !may_write() : !may_read()) return -EBADF;
    for (const auto& [holder, held] : locks) {
        if (holder != id() && (type == F_WRLCK || held == F_WRLCK)) return -EAGAIN;
    }
    locks[id()] = type;
    return 0;
}

ssize_t regular_file::read(part_cursor& into, std::size_t most) {
    const ssize_t count = read_at(into, most, position_);
    if (count > 0) position_ += static_cast<std::uint64_t>(count);
    return count;
}

ssize_t regular_file::write(part_cursor& from, std::size_t most) {
    if (may_write() && (flags() & O_APPEND) != 0) position_ = size();
    const ssize_t count = write_at(from, most, position_);
    if (count > 0) position_ += static_cast<std::uint64_t>(count);
    return count;
}

std::int64_t regular_file::seek(std::int64_t offset, int origin) {
    std::int64_t from = 0;
    if (origin == SEEK_CUR) {
        from = static_cast<std::int64_t>(position_);
    } else if (origin == SEEK_END) {
        from = static_cast<std::int64_t>(size());
    } else if (origin != SEEK_SET) {
        return -EINVAL;
    }
    if (offset > 0 && from > std::numeric_limits<std::int64_t>::max() - offset) return -EOVERFLOW;
    if (from + offset < 0) return -EINVAL;
    position_ = static_cast<std::uint64_t>(from + offset);
    return from + offset;
}

void regular_file::fill(struct stat& status) const {
    open_file::fill(status);
    of_->fill(status);
}

std::uint32_t regular_file::ready() const noexcept { return EPOLLIN | EPOLLOUT; }

}  // namespace mioco::detail::sim
