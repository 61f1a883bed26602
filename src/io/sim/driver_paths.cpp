// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <cerrno>

#include <fcntl.h>

#include "io/sim/open_directory.hpp"
#include "io/sim/regular_file.hpp"
#include "io/sim/sim_driver.hpp"

// The calls that take paths, and those of directories.

namespace mioco::detail::sim {

namespace {

constexpr int kept_flags = O_ACCMODE | O_APPEND | O_NONBLOCK;

}  // namespace

// Of a path that is relative; of one that is not, it does not matter.
int sim_driver::start_at(int directory, std::shared_ptr<inode>& start) noexcept {
    if (in_.is_cut_off()) return -EIO;
    start = in_.here().files.root();
    if (directory == working_directory) return 0;
    const auto [file, failure] = find(directory, "use as a directory");
    if (file == nullptr) return failure;
    if (file->what() != sim::open_file::kind::directory) return -ENOTDIR;
    start = static_cast<open_directory*>(file)->node();
    return 0;
}

int sim_driver::open_file_at(int directory, const char* path, int flags, unsigned mode) noexcept {
    std::shared_ptr<inode> start;
    if (const int failure = start_at(directory, start); failure < 0) return failure;
    const host_id host = in_.current_host();
    if (!in_.table().has_room(host)) return -EMFILE;
    std::shared_ptr<inode> found;
    const int failure = in_.here().files.open(start, path, flags, mode, found);
    if (failure < 0) return failure;
    std::shared_ptr<sim::open_file> opened;
    if (found->is_directory()) {
        opened = std::make_shared<open_directory>(in_, host, flags & kept_flags, std::move(found));
    } else {
        opened = std::make_shared<regular_file>(in_, host, flags & kept_flags, std::move(found));
    }
    return done(*opened, act::file, add(opened));
}

int sim_driver::open_file(const char* path, int flags, unsigned mode) noexcept {
    return open_file_at(working_directory, path, flags, mode);
}

int sim_driver::status_of(const char* path, bool follows, struct stat& status) noexcept {
    if (in_.is_cut_off()) return -EIO;
    std::shared_ptr<inode> found;
    const file_tree& files = in_.here().files;
    const int failure = files.look_up(files.root(), path, follows, found);
    if (failure < 0) return failure;
    status = {};
    status.st_dev = in_.current_host() + 1;
    status.st_blksize = 4096;
    found->fill(status);
    return 0;
}

int sim_driver::file_status(const char* path, struct stat& status) noexcept {
    return status_of(path, false, status);
}

int sim_driver::target_status(const char* path, struct stat& status) noexcept {
    return status_of(path, true, status);
}

int sim_driver::remove_file(const char* path) noexcept {
    return remove_at(working_directory, path, false);
}

int sim_driver::remove_at(int directory, const char* path, bool is_directory) noexcept {
    std::shared_ptr<inode> start;
    const int failure = start_at(directory, start);
    return failure < 0 ? failure : in_.here().files.remove(start, path, is_directory);
}

int sim_driver::make_directory(const char* path, unsigned mode) noexcept {
    if (in_.is_cut_off()) return -EIO;
    return in_.here().files.make_directory(path, mode);
}

int sim_driver::rename(const char* from, const char* to) noexcept {
    if (in_.is_cut_off()) return -EIO;
    return in_.here().files.rename(from, to);
}

int sim_driver::make_link(const char* file, const char* path) noexcept {
    if (in_.is_cut_off()) return -EIO;
    return in_.here().files.make_link(file, path);
}

int sim_driver::make_symbolic_link(const char* target, const char* path) noexcept {
    if (in_.is_cut_off()) return -EIO;
    return in_.here().files.make_symbolic_link(target, path);
}

ssize_t sim_driver::read_link(const char* path, std::span<char> into) noexcept {
    if (in_.is_cut_off()) return -EIO;
    std::shared_ptr<inode> found;
    const file_tree& files = in_.here().files;
    if (const int failure = files.look_up(files.root(), path, false, found); failure < 0)
        return failure;
    if (!found->is_link()) return -EINVAL;
    return static_cast<ssize_t>(found->target.copy(into.data(), into.size()));
}

int sim_driver::set_mode(const char* path, unsigned mode) noexcept {
    if (in_.is_cut_off()) return -EIO;
    std::shared_ptr<inode> found;
    const file_tree& files = in_.here().files;
    if (const int failure = files.look_up(files.root(), path, true, found); failure < 0)
        return failure;
    found->set_permissions(mode, in_.now());
    return 0;
}

std::string sim_driver::temporary_directory() { return "/tmp"; }

int sim_driver::read_directory(int fd, std::vector<directory_item>& into) noexcept {
    const auto [file, failure] = find(fd, "reading as a directory");
    if (file == nullptr) return failure;
    if (file->what() != sim::open_file::kind::directory) return -ENOTDIR;
    return done(*file, act::read, static_cast<open_directory*>(file)->list(into));
}

}  // namespace mioco::detail::sim
