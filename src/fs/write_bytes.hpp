// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>
#include <cstddef>
#include <span>

#include "fs/file_calls.hpp"

namespace mioco::detail {

/// All of it, at the descriptor's position: 0, or a negative errno value.
inline int write_bytes(int fd, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = file_calls::write(fd, bytes, file_calls::here);
        if (count <= 0) return count < 0 ? static_cast<int>(count) : -EIO;
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return 0;
}

}  // namespace mioco::detail
