// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>

namespace mioco::detail {

/// What a user can do about a failure, in brackets for the text of its error, to stand behind what was wanted; "" for those where it
/// depends. `failure` is a negative errno value.
inline const char* cure_of(int failure) noexcept {
    switch (-failure) {
        case EMFILE:
            return " (raise this process's limit of open files: ulimit -n)";
        case ENFILE:
            return " (raise the system's limit of open files: sysctl fs.file-max)";
        default:
            return "";
    }
}

/// The same, of a bind to an address with a port.
inline const char* cure_of_bind(int failure) noexcept {
    if (failure != -EADDRINUSE) return cure_of(failure);
    return " (another socket is there: choose another port, or 0 for a free one)";
}

}  // namespace mioco::detail
