// SPDX-License-Identifier: MPL-2.0
#include <cerrno>

#include <fcntl.h>

#include <mioco/fs/whole_file.hpp>

#include "fs/file_access.hpp"
#include "fs/path_calls.hpp"
#include "fs/random_name.hpp"
#include "fs/report.hpp"
#include "fs/write_bytes.hpp"

namespace mioco::detail {

namespace {

using mioco::fs::file;
using std::filesystem::path;

// As the kernel's, of which some more would lead in a circle.
constexpr int most_links = 40;

/// What a path leads to, which may not be there yet.
struct led_to {
    path what;
    bool is_there = false;
    mode_t mode = 0;
};

int follow(const path& from, led_to& into) {
    into.what = from;
    for (int links = 0; links <= most_links; ++links) {
        struct stat found{};
        const int result = path_calls::link_status(into.what, found);
        if (result == -ENOENT) return 0;
        if (result < 0) return result;
        if (!S_ISLNK(found.st_mode)) {
            into.is_there = true;
            into.mode = found.st_mode;
            if (S_ISDIR(found.st_mode)) return -EISDIR;
            return S_ISREG(found.st_mode) ? 0 : -EINVAL;
        }
        std::string target;
        const int read = path_calls::read_link(into.what, target);
        if (read < 0) return read;
        into.what = into.what.parent_path() / target;
    }
    return -ELOOP;
}

/// A file beside another one, which goes unless it takes its place.
class stand_in {
public:
    stand_in() = default;
    stand_in(const stand_in&) = delete;
    stand_in& operator=(const stand_in&) = delete;
    ~stand_in() {
        if (name_.empty()) return;
        if (written_.is_open()) static_cast<void>(file_calls::close(written_.release()));
        static_cast<void>(path_calls::remove_certainly(name_));
    }

    int make(const path& directory, unsigned mode) {
        int fd = -EEXIST;
        for (int tried = 0; fd == -EEXIST && tried < most_names_tried; ++tried) {
            path name = directory / random_name(".tmp");
            fd = path_calls::open(name, O_WRONLY | O_CREAT | O_EXCL, mode);
            if (fd >= 0) {
                written_ = file_access::make(fd, {});
                name_ = std::move(name);
            }
        }
        return fd < 0 ? fd : 0;
    }

    /// On the device when it returns 0, under its own name.
    int fill(std::span<const std::byte> bytes, const led_to& old) {
        const int fd = written_.native_handle();
        int result = write_bytes(fd, bytes);
        if (result >= 0 && old.is_there) result = file_calls::set_mode(fd, old.mode & 07777U);
        if (result >= 0) result = file_calls::sync(fd, false);
        if (result < 0) return result;
        return file_calls::close(written_.release());
    }

    int take_place_of(const path& old) {
        const int result = path_calls::rename(name_, old);
        if (result >= 0) name_.clear();
        return result;
    }

private:
    file written_;
    path name_;  // empty: nothing to remove
};

// Some file systems that are somewhere else know nothing of this, and see to it themselves.
int sync_directory(int fd) {
    const int result = file_calls::sync_certainly(fd);
    return result == -EINVAL ? 0 : result;
}

int replace(const path& what, std::span<const std::byte> bytes) {
    led_to old;
    if (const int result = follow(what, old); result < 0) return result;
    if (!old.what.has_filename()) return old.what.empty() ? -ENOENT : -EISDIR;
    const path parent = old.what.has_parent_path() ? old.what.parent_path() : path(".");
    // Before anything is done: later there might be no descriptor left for it.
    const int fd = path_calls::open(parent, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return fd;
    const file directory = file_access::make(fd, {});
    stand_in fresh;
    // Nobody may read it who could not read the old one.
    int result = fresh.make(parent, old.is_there ? 0600 : 0666);
    if (result >= 0) result = fresh.fill(bytes, old);
    if (result >= 0) result = fresh.take_place_of(old.what);
    return result < 0 ? result : sync_directory(fd);
}

}  // namespace

void replace_whole_file(const path& what, std::span<const std::byte> bytes, std::error_code* ec) {
    file_report{"replace_file", what, file_report::no_descriptor, ec}.check(replace(what, bytes));
}

}  // namespace mioco::detail
