// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <sys/stat.h>

namespace mioco::detail::sim {

class unix_socket;

/// What a path of a host leads to: a regular file, or the name of a Unix socket.
struct inode {
    std::uint64_t number;
    mode_t mode;
    std::vector<std::byte> bytes{};
    std::weak_ptr<unix_socket> bound{};  // gone when the socket is, while the path stays

    void fill(struct stat& status) const {
        status.st_ino = number;
        status.st_mode = mode;
        status.st_size = static_cast<off_t>(bytes.size());
        status.st_blocks = static_cast<blkcnt_t>((bytes.size() + 511) / 512);
    }
};

}  // namespace mioco::detail::sim
