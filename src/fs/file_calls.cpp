// SPDX-License-Identifier: MPL-2.0
#include "fs/file_calls.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/poller_calls.hpp"
#include "fs/pool_calls.hpp"
#include "io/driver.hpp"

namespace mioco::detail::file_calls {

namespace {

kind look_at(driver& io, int fd, int flags) noexcept {
    if (io.is_repeatable()) return kind::unknown;
    const bool is_direct = (flags & O_DIRECT) != 0;
    const int type = io.fd_type(fd);
    if (type < 0) return kind::unknown;
    switch (type) {
        case S_IFREG:
            return is_direct ? kind::direct : kind::regular;
        case S_IFBLK:
            return is_direct ? kind::direct_block : kind::block;
        case S_IFIFO:
        case S_IFSOCK:
            return kind::stream;
        default:
            return kind::device;
    }
}

}  // namespace

kind kind_of(int fd, int flags) noexcept { return look_at(current_driver(), fd, flags); }

int open(const char* path, int flags, unsigned mode, kind& of) {
    return static_cast<int>(repeated_on_pool([=, &of](driver& io) noexcept {
        const int fd = io.open_file(path, flags, mode);
        if (fd >= 0) of = look_at(io, fd, flags);
        return fd;
    }));
}

ssize_t read(int fd, std::span<std::byte> into, std::int64_t offset, kind of) {
    if (fiber* const self = poller_calls::who_reads(offset, of))
        return poller_calls::read(*self, fd, into, offset, of);
    return repeated_on_pool([=](driver& io) noexcept { return io.read_file(fd, into, offset); });
}

ssize_t write(int fd, std::span<const std::byte> from, std::int64_t offset, kind of) {
    fiber* const self = offset == here ? nullptr : poller_calls::who_writes();
    if (self != nullptr) return poller_calls::write(*self, fd, from, offset, of);
    return repeated_on_pool([=](driver& io) noexcept { return io.write_file(fd, from, offset); });
}

ssize_t read_into(int fd, std::span<const iovec> into, std::int64_t offset) {
    return repeated_on_pool(
        [=](driver& io) noexcept { return io.read_file_into(fd, into, offset); });
}

ssize_t write_from(int fd, std::span<const iovec> from, std::int64_t offset) {
    return repeated_on_pool(
        [=](driver& io) noexcept { return io.write_file_from(fd, from, offset); });
}

int sync(int fd, bool data_only) {
    if (fiber* const self = poller_calls::who_writes())
        return poller_calls::sync(*self, fd, data_only);
    return static_cast<int>(
        repeated_on_pool([=](driver& io) noexcept { return io.sync_file(fd, data_only); }));
}

std::int64_t size(int fd) {
    return repeated_on_pool([=](driver& io) noexcept { return io.file_size(fd); });
}

std::int64_t seek(int fd, std::int64_t offset, int origin) {
    if (origin != SEEK_END) return current_driver().seek(fd, offset, origin);
    return repeated_on_pool([=](driver& io) noexcept { return io.seek(fd, offset, SEEK_END); });
}

int close(int fd) {
    return static_cast<int>(blocking_call(
        offloading::is_certain,
        [=, &io = current_driver()]() noexcept -> ssize_t { return io.close_file(fd); }));
}

int status(int fd, struct stat& into) {
    return static_cast<int>(
        repeated_on_pool([fd, &into](driver& io) noexcept { return io.fd_status(fd, into); }));
}

int set_size(int fd, std::int64_t size) {
    return static_cast<int>(
        repeated_on_pool([=](driver& io) noexcept { return io.set_file_size(fd, size); }));
}

int set_mode(int fd, unsigned mode) {
    return static_cast<int>(
        repeated_on_pool([=](driver& io) noexcept { return io.set_file_mode(fd, mode); }));
}

int lock(int fd, short type) {
    return static_cast<int>(
        repeated_on_pool([=](driver& io) noexcept { return io.lock_file(fd, type); }));
}

int unlock(int fd) {
    return static_cast<int>(repeated_on_pool(
        [=](driver& io) noexcept { return io.lock_file(fd, F_UNLCK); }, offloading::is_certain));
}

int sync_certainly(int fd) {
    return static_cast<int>(repeated_on_pool(
        [=](driver& io) noexcept { return io.sync_file(fd, false); }, offloading::is_certain));
}

ssize_t send(int from, int to, std::size_t most) {
    return repeated_on_pool([=](driver& io) noexcept { return io.send_file(from, to, most); });
}

}  // namespace mioco::detail::file_calls
