// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

namespace mioco::fs {

/// A time of a file, as the system's clock tells it; in a simulation virtual time.
using file_time = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

/// What is known about a file: `file::status`, `fs::status`, `fs::symlink_status`. Unlike `std::filesystem::file_status` it has all that
/// the kernel tells at once.
struct file_status {
    /// `not_found` if nothing is there; the rest means nothing then.
    std::filesystem::file_type type = std::filesystem::file_type::none;
    /// The lower twelve bits of the mode.
    std::filesystem::perms permissions = std::filesystem::perms::unknown;
    /// In bytes; of a symbolic link the length of its target.
    std::uint64_t size = 0;
    /// How many names the file has: 0 of one that was removed and is still open.
    std::uint64_t hard_links = 0;
    /// When it was read last, as far as the file system keeps account of that.
    file_time last_access{};
    /// When its content changed last.
    file_time last_write{};
    /// When its content, or what is known about it, changed last.
    file_time last_change{};
    /// Of which device; together with `inode` the identity of a file.
    std::uint64_t device = 0;
    /// Which file of the device.
    std::uint64_t inode = 0;
    /// The number of the user whose file it is.
    std::uint32_t owner = 0;
    /// The number of the group.
    std::uint32_t group = 0;

    /// Whether both are of one file, by whichever names.
    [[nodiscard]] bool is_same_file(const file_status& other) const noexcept {
        return device == other.device && inode == other.inode;
    }
};

}  // namespace mioco::fs
