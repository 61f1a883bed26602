// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <sys/stat.h>

#include <mioco/detail/deadline.hpp>

#include "io/sim/file_content.hpp"

namespace mioco::detail::sim {

class unix_socket;
struct inode;

using entry_map = std::map<std::string, std::shared_ptr<inode>, std::less<>>;

/// What a path of a host leads to: a regular file, a directory, a symbolic link, or the name of a Unix socket.
struct inode {
    const std::uint64_t number;
    mode_t mode;
    mode_t synced_mode;
    nanoseconds_t read_at;
    nanoseconds_t written_at;
    nanoseconds_t changed_at;
    std::uint64_t names = 0;

    file_content content{};                  // of a regular file
    std::map<std::uint64_t, short> locks{};  // open file, F_RDLCK or F_WRLCK
    std::string target{};                    // of a symbolic link
    entry_map entries{};                     // of a directory
    entry_map synced_entries{};
    std::weak_ptr<inode> parent{};
    std::weak_ptr<unix_socket> bound{};  // gone when the socket is, while the path stays

    inode(std::uint64_t id, mode_t of_mode, nanoseconds_t now)
        : number(id),
          mode(of_mode),
          synced_mode(of_mode),
          read_at(now),
          written_at(now),
          changed_at(now) {}

    [[nodiscard]] bool is_directory() const noexcept { return S_ISDIR(mode); }
    [[nodiscard]] bool is_link() const noexcept { return S_ISLNK(mode); }
    [[nodiscard]] bool is_regular() const noexcept { return S_ISREG(mode); }

    void note_write(nanoseconds_t now) noexcept { written_at = changed_at = now; }

    void set_permissions(mode_t wanted, nanoseconds_t now) noexcept {
        mode = (mode & S_IFMT) | (wanted & 07777U);
        changed_at = now;
    }

    void fill(struct stat& status) const {
        const std::size_t size = is_link() ? target.size() : content.size();
        status.st_ino = number;
        status.st_mode = mode;
        status.st_nlink = is_directory() && names > 0 ? 2 : names;
        status.st_size = static_cast<off_t>(size);
        status.st_blocks = static_cast<blkcnt_t>((size + 511) / 512);
        status.st_atim = time_of(read_at);
        status.st_mtim = time_of(written_at);
        status.st_ctim = time_of(changed_at);
    }

private:
    static timespec time_of(nanoseconds_t time) noexcept {
        constexpr nanoseconds_t second = 1'000'000'000;
        return {static_cast<time_t>(time / second), static_cast<long>(time % second)};
    }
};

}  // namespace mioco::detail::sim
