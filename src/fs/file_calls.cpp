// SPDX-License-Identifier: MPL-2.0
#include "fs/file_calls.hpp"

#include <cerrno>

#include "io/driver.hpp"
#include "offload/blocking_call.hpp"

namespace mioco::detail::file_calls {

namespace {

// `call(driver)`, of the calling fiber's, which a thread of the pool does not know.
template <class Call>
ssize_t repeated(Call call) {
    return blocking_call(offloading::may_be_cancelled, [&, &io = current_driver()]() noexcept {
        ssize_t result = -EINTR;
        while (result == -EINTR) result = call(io);
        return result;
    });
}

}  // namespace

int open(const char* path, int flags, unsigned mode) {
    return static_cast<int>(
        repeated([=](driver& io) noexcept { return io.open_file(path, flags, mode); }));
}

ssize_t read(int fd, std::span<std::byte> into, std::int64_t offset) {
    return repeated([=](driver& io) noexcept { return io.read_file(fd, into, offset); });
}

ssize_t write(int fd, std::span<const std::byte> from, std::int64_t offset) {
    return repeated([=](driver& io) noexcept { return io.write_file(fd, from, offset); });
}

int sync(int fd, bool data_only) {
    return static_cast<int>(
        repeated([=](driver& io) noexcept { return io.sync_file(fd, data_only); }));
}

std::int64_t size(int fd) {
    return repeated([=](driver& io) noexcept { return io.file_size(fd); });
}

std::int64_t seek(int fd, std::int64_t offset, int origin) {
    return current_driver().seek(fd, offset, origin);
}

int close(int fd) {
    return static_cast<int>(blocking_call(
        offloading::is_certain,
        [=, &io = current_driver()]() noexcept -> ssize_t { return io.close_file(fd); }));
}

}  // namespace mioco::detail::file_calls
