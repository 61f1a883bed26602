// SPDX-License-Identifier: MPL-2.0
#include "fs/file_calls.hpp"

#include <fcntl.h>

#include "fs/file_job.hpp"

namespace mioco::detail::file_calls {

int open(const char* path, int flags, unsigned mode) {
    return static_cast<int>(
        file_job([=](driver& io) noexcept { return io.open_file(path, flags, mode); }));
}

ssize_t read(int fd, std::span<std::byte> into, std::int64_t offset) {
    return file_job([=](driver& io) noexcept { return io.read_file(fd, into, offset); });
}

ssize_t write(int fd, std::span<const std::byte> from, std::int64_t offset) {
    return file_job([=](driver& io) noexcept { return io.write_file(fd, from, offset); });
}

int sync(int fd, bool data_only) {
    return static_cast<int>(
        file_job([=](driver& io) noexcept { return io.sync_file(fd, data_only); }));
}

std::int64_t size(int fd) {
    return file_job([=](driver& io) noexcept { return io.file_size(fd); });
}

std::int64_t seek(int fd, std::int64_t offset, int origin) {
    return current_driver().seek(fd, offset, origin);
}

int close(int fd) {
    return static_cast<int>(blocking_call(
        offloading::is_certain,
        [=, &io = current_driver()]() noexcept -> ssize_t { return io.close_file(fd); }));
}

int status(int fd, struct stat& into) {
    return static_cast<int>(
        file_job([fd, &into](driver& io) noexcept { return io.fd_status(fd, into); }));
}

int set_size(int fd, std::int64_t size) {
    return static_cast<int>(
        file_job([=](driver& io) noexcept { return io.set_file_size(fd, size); }));
}

int set_mode(int fd, unsigned mode) {
    return static_cast<int>(
        file_job([=](driver& io) noexcept { return io.set_file_mode(fd, mode); }));
}

int lock(int fd, short type) {
    return static_cast<int>(file_job([=](driver& io) noexcept { return io.lock_file(fd, type); }));
}

int unlock(int fd) {
    return static_cast<int>(file_job([=](driver& io) noexcept { return io.lock_file(fd, F_UNLCK); },
                                     offloading::is_certain));
}

int sync_certainly(int fd) {
    return static_cast<int>(file_job([=](driver& io) noexcept { return io.sync_file(fd, false); },
                                     offloading::is_certain));
}

ssize_t send(int from, int to, std::size_t most) {
    return file_job([=](driver& io) noexcept { return io.send_file(from, to, most); });
}

}  // namespace mioco::detail::file_calls
