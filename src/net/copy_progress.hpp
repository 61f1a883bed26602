// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <sys/types.h>

#include "net/result.hpp"

namespace mioco::detail {

/// Whether the kernel, or a filter of system calls, refuses to splice from or to this kind of descriptor, or at all; nothing was moved then.
constexpr bool is_splice_refused(ssize_t result) noexcept {
    return result == -EINVAL || result == -ENOSYS || result == -EPERM || result == -EACCES;
}

/// How far a copy has come, and why no further.
struct copy_progress {
    std::uint64_t count = 0;
    std::error_code failure;
    int result =
        0;  // of the last call, where it was one of ours: a negative errno value, which tells more

    void fail(int by) noexcept { failure = code_of(result = by); }
};

}  // namespace mioco::detail
