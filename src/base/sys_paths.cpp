// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/checked.hpp"
#include "base/sys.hpp"

// Calls on paths, and those on files that <filesystem> has by paths.

namespace mioco::detail::sys {

int link_status(const char* path, struct stat& status) noexcept {
    return checked(::lstat(path, &status));
}

int target_status(const char* path, struct stat& status) noexcept {
    return checked(::stat(path, &status));
}

int unlink(const char* path) noexcept { return checked(::unlink(path)); }

int open_at(int directory, const char* path, int flags, unsigned mode) noexcept {
    return checked(::openat(directory, path, flags | O_CLOEXEC, mode));
}

int unlink_at(int directory, const char* path, bool is_directory) noexcept {
    return checked(::unlinkat(directory, path, is_directory ? AT_REMOVEDIR : 0));
}

int set_file_size(int fd, std::int64_t size) noexcept { return checked(::ftruncate(fd, size)); }

int set_file_mode(int fd, unsigned mode) noexcept { return checked(::fchmod(fd, mode)); }

int lock_file(int fd, short type) noexcept {
    struct flock whole{};
    whole.l_type = type;
    whole.l_whence = SEEK_SET;
    const int result = checked(::fcntl(fd, F_OFD_SETLK, &whole));
    return result == -EACCES ? -EAGAIN : result;
}

ssize_t read_directory(int fd, void* into, std::size_t size) noexcept {
    return checked(::syscall(SYS_getdents64, fd, into, size));
}

int make_directory(const char* path, unsigned mode) noexcept {
    return checked(::mkdir(path, mode));
}

int rename(const char* from, const char* to) noexcept { return checked(std::rename(from, to)); }

int make_link(const char* file, const char* path) noexcept { return checked(::link(file, path)); }

int make_symbolic_link(const char* target, const char* path) noexcept {
    return checked(::symlink(target, path));
}

ssize_t read_link(const char* path, char* into, std::size_t size) noexcept {
    return checked(::readlink(path, into, size));
}

int set_mode(const char* path, unsigned mode) noexcept { return checked(::chmod(path, mode)); }

}  // namespace mioco::detail::sys
