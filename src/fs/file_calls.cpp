// SPDX-License-Identifier: MPL-2.0
#include "fs/file_calls.hpp"

#include <cerrno>

#include "base/sys.hpp"
#include "offload/blocking_call.hpp"

namespace mioco::detail::file_calls {

namespace {

template <class Call>
ssize_t repeated(Call call) {
    return blocking_call(offloading::may_be_cancelled, [&]() noexcept -> ssize_t {
        ssize_t result = -EINTR;
        while (result == -EINTR) result = call();
        return result;
    });
}

}  // namespace

int open(const char* path, int flags, unsigned mode) {
    return static_cast<int>(repeated([=]() noexcept { return sys::open(path, flags, mode); }));
}

ssize_t read(int fd, std::span<std::byte> into, std::int64_t offset) {
    return repeated([=]() noexcept {
        if (offset == here) return sys::read(fd, into.data(), into.size());
        return sys::read_at(fd, into.data(), into.size(), static_cast<std::uint64_t>(offset));
    });
}

ssize_t write(int fd, std::span<const std::byte> from, std::int64_t offset) {
    return repeated([=]() noexcept {
        if (offset == here) return sys::write(fd, from.data(), from.size());
        return sys::write_at(fd, from.data(), from.size(), static_cast<std::uint64_t>(offset));
    });
}

int sync(int fd, bool data_only) {
    return static_cast<int>(
        repeated([=]() noexcept { return data_only ? sys::sync_data(fd) : sys::sync(fd); }));
}

std::int64_t size(int fd) {
    return repeated([=]() noexcept -> ssize_t { return sys::file_size(fd); });
}

std::int64_t seek(int fd, std::int64_t offset, int origin) { return sys::seek(fd, offset, origin); }

int close(int fd) {
    return static_cast<int>(blocking_call(
        offloading::is_certain, [=]() noexcept -> ssize_t { return sys::close_checked(fd); }));
}

}  // namespace mioco::detail::file_calls
