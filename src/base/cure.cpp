// SPDX-License-Identifier: MPL-2.0
#include "base/cure.hpp"

#include <cerrno>

#include "base/sys.hpp"

namespace mioco::detail {

static_assert(too_many_watched == -ENOSR);

int errno_of(int failure) noexcept { return failure == too_many_watched ? ENOSPC : -failure; }

std::string cure_of(int failure) {
    switch (-failure) {
        case EMFILE:
            return " (raise this process's limit of " + std::to_string(sys::open_files_limit()) +
                   " open files: ulimit -n)";
        case ENFILE:  // that limit is told by a file, which cannot be opened now
            return " (raise the system's limit of open files: sysctl fs.file-max)";
        case -too_many_watched:
            return " (raise the system's limit of descriptors that a user may have watched: sysctl "
                   "fs.epoll.max_user_watches)";
        case EBADF:
            return " (it was closed, moved from, never opened, or not opened for that)";
        default:
            return "";
    }
}

std::string cure_of_bind(int failure) {
    if (failure != -EADDRINUSE) return cure_of(failure);
    return " (another socket is there: choose another port, or 0 for a free one)";
}

}  // namespace mioco::detail
