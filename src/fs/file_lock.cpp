// SPDX-License-Identifier: MPL-2.0
#include <mioco/fs/file.hpp>

#include <cerrno>
#include <chrono>

#include <fcntl.h>

#include "fs/file_calls.hpp"
#include "fs/report.hpp"
#include "time/pause.hpp"

// A thread of the pool that waits for a lock in the kernel would wait for as long as it takes, and get the lock though nobody wants it any
// more. So each attempt is one that does not wait, and the pauses between them can be ended: an attempt that has begun is waited for, and counts.

namespace mioco::fs {

namespace {

namespace calls = detail::file_calls;

short type_of(bool alone) noexcept { return alone ? F_WRLCK : F_RDLCK; }

// What is to be done about the usual mistake.
const char* cure_of_lock(std::int64_t result, int fd, bool alone) noexcept {
    if (result != -EBADF || fd < 0) return nullptr;
    return alone ? " (open the file to be written)" : " (open the file to be read)";
}

}  // namespace

void file::lock_file(bool alone, std::error_code* ec) {
    using std::chrono::milliseconds;
    detail::growing_pause pause(milliseconds(1), milliseconds(50));
    int result = calls::lock(fd_, type_of(alone));
    while (result == -EAGAIN) {
        result = pause.sleep();
        if (result == 0) result = calls::lock(fd_, type_of(alone));
    }
    const char* const why = cure_of_lock(result, fd_, alone);
    const detail::file_report to{alone ? "lock" : "lock_shared", path_, fd_, ec, why};
    to.check(result);
}

bool file::try_lock_file(bool alone, std::error_code* ec) {
    const int result = calls::lock(fd_, type_of(alone));
    const char* const why = cure_of_lock(result, fd_, alone);
    const detail::file_report to{alone ? "try_lock" : "try_lock_shared", path_, fd_, ec, why};
    to.check(result == -EAGAIN ? 0 : result);
    return result == 0;
}

void file::unlock() noexcept {  // NOLINT(readability-make-member-function-const)
    if (fd_ < 0) return;
    try {
        static_cast<void>(calls::unlock(fd_));
    } catch (const std::exception&) {
        return;  // in a forked child, where a fiber cannot wait: the lock is the parent's
    }
}

}  // namespace mioco::fs
