// SPDX-License-Identifier: MPL-2.0
#include "fs/status.hpp"

namespace mioco::detail {

std::filesystem::file_type file_type_of(mode_t mode) noexcept {
    using std::filesystem::file_type;
    switch (mode & S_IFMT) {
        case S_IFREG:
            return file_type::regular;
        case S_IFDIR:
            return file_type::directory;
        case S_IFLNK:
            return file_type::symlink;
        case S_IFBLK:
            return file_type::block;
        case S_IFCHR:
            return file_type::character;
        case S_IFIFO:
            return file_type::fifo;
        case S_IFSOCK:
            return file_type::socket;
        default:
            return file_type::unknown;
    }
}

namespace {

mioco::fs::file_time to_file_time(const timespec& from) noexcept {
    return mioco::fs::file_time(std::chrono::seconds(from.tv_sec) +
                                std::chrono::nanoseconds(from.tv_nsec));
}

}  // namespace

mioco::fs::file_status to_file_status(const struct stat& from) noexcept {
    mioco::fs::file_status made;
    made.type = file_type_of(from.st_mode);
    made.permissions = static_cast<std::filesystem::perms>(from.st_mode & 07777U);
    made.size = static_cast<std::uint64_t>(from.st_size);
    made.hard_links = from.st_nlink;
    made.last_access = to_file_time(from.st_atim);
    made.last_write = to_file_time(from.st_mtim);
    made.last_change = to_file_time(from.st_ctim);
    made.device = from.st_dev;
    made.inode = from.st_ino;
    made.owner = from.st_uid;
    made.group = from.st_gid;
    return made;
}

}  // namespace mioco::detail
