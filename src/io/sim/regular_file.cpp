// SPDX-License-Identifier: MPL-2.0
#include "io/sim/regular_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string>

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

std::shared_ptr<regular_file> regular_file::open(world& in, host_id host, const char* path,
                                                 int flags, unsigned mode, int& failure) {
    const std::string name = path;
    auto& files = in.net().at(host).files;
    const auto found = files.find(name);
    std::shared_ptr<inode> of;
    failure = 0;
    if (name.empty()) {
        failure = -ENOENT;
    } else if (name.size() >= 4096) {
        failure = -ENAMETOOLONG;
    } else if (name.back() == '/') {
        failure = -EISDIR;
    } else if (found == files.end()) {
        if ((flags & O_CREAT) == 0) failure = -ENOENT;
    } else if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) {
        failure = -EEXIST;
    } else if (S_ISSOCK(found->second->mode)) {
        failure = -ENXIO;
    } else {
        of = found->second;
    }
    if (failure < 0) return nullptr;
    if (!of) {
        of = std::make_shared<inode>(inode{in.next_id(), S_IFREG | (mode & 07777)});
        files.emplace(name, of);
    }
    if ((flags & O_TRUNC) != 0 && (flags & O_ACCMODE) != O_RDONLY) of->bytes.clear();
    constexpr int kept = O_ACCMODE | O_APPEND | O_NONBLOCK;
    return std::make_shared<regular_file>(in, host, flags & kept, std::move(of));
}

bool regular_file::may_read() const noexcept { return (flags() & O_ACCMODE) != O_WRONLY; }
bool regular_file::may_write() const noexcept { return (flags() & O_ACCMODE) != O_RDONLY; }

ssize_t regular_file::read_at(part_cursor& into, std::size_t most, std::uint64_t offset) const {
    if (!may_read()) return -EBADF;
    if (offset > std::numeric_limits<std::int64_t>::max()) return -EINVAL;
    if (offset >= size()) return 0;
    const auto from = static_cast<std::size_t>(offset);
    const std::size_t count = std::min(most, size() - from);
    return static_cast<ssize_t>(into.put(std::span(of_->bytes).subspan(from, count)));
}

ssize_t regular_file::write_at(part_cursor& from, std::size_t most, std::uint64_t offset) {
    if (!may_write()) return -EBADF;
    if (offset > std::numeric_limits<std::int64_t>::max()) return -EINVAL;
    // Also at an offset, as of Linux.
    if ((flags() & O_APPEND) != 0) offset = size();
    if (most == 0) return 0;
    if (offset >= longest_file || most > longest_file - offset) return -EFBIG;
    std::vector<std::byte> bytes;
    const std::size_t count = from.take(bytes, most);
    const auto place = static_cast<std::size_t>(offset);
    if (size() < place + count) of_->bytes.resize(place + count);
    std::ranges::copy(bytes, of_->bytes.begin() + static_cast<std::ptrdiff_t>(place));
    in().note_content(bytes);
    return static_cast<ssize_t>(count);
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
