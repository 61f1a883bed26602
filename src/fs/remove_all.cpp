// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>

#include <mioco/fs/operations.hpp>

#include "fs/file_calls.hpp"
#include "fs/path_calls.hpp"
#include "fs/report.hpp"

// Each directory is opened within the one above it, and never through a symbolic link: so whoever puts a link in the place of a directory
// meanwhile cannot have something removed elsewhere.

namespace mioco::fs {

namespace {

namespace paths = detail::path_calls;
using std::filesystem::path;

constexpr int as_directory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK;

class remover {
public:
    remover() = default;
    remover(const remover&) = delete;
    remover& operator=(const remover&) = delete;
    ~remover() {
        while (!levels_.empty()) leave();
    }

    /// How many were removed, or what failed first.
    std::int64_t remove(const path& what) {
        const int result = paths::remove(what, false);
        if (!may_be_directory(result)) return count_of(result);
        const int fd = paths::open(what, as_directory);
        if (fd < 0) return fd == -ENOTDIR ? result : count_of(fd);
        levels_.push_back({fd, {}});
        while (!levels_.empty()) {
            const int stepped = step(what);
            if (stepped < 0) return stepped;
        }
        return removed_;
    }

private:
    struct level {
        int fd;
        std::string name;  // in the one above
        std::vector<detail::directory_item> left{};
        bool has_removed = false;  // since it was read from its beginning
    };

    // Removes one thing, or enters a directory, or leaves the one that it is in, which is empty.
    int step(const path& top) {
        level& here = levels_.back();
        if (!here.left.empty()) {
            const auto item = std::move(here.left.back());
            here.left.pop_back();
            return remove_item(here, item.name);
        }
        const int listed = paths::list(here.fd, here.left);
        if (listed != 0) return listed;
        const bool is_top = levels_.size() == 1;
        const int result = is_top
                               ? paths::remove(top, true)
                               : paths::remove_in(levels_[levels_.size() - 2].fd, here.name, true);
        // Some file systems pass over what comes behind something that was removed.
        if (result == -ENOTEMPTY && std::exchange(here.has_removed, false)) {
            const auto sought = detail::file_calls::seek(here.fd, 0, SEEK_SET);
            return sought < 0 ? static_cast<int>(sought) : 0;
        }
        if (result < 0 && result != -ENOENT) return result;
        leave();
        return note(result);
    }

    int remove_item(level& here, const std::string& name) {
        const int result = paths::remove_in(here.fd, name, false);
        if (!may_be_directory(result)) return result == -ENOENT ? 0 : note(result);
        const int fd = paths::open_in(here.fd, name, as_directory);
        if (fd == -ENOENT) return 0;
        if (fd < 0) return fd == -ENOTDIR || fd == -ELOOP ? result : fd;
        levels_.push_back({fd, name});
        return 0;
    }

    int note(int result) {
        if (result < 0) return result == -ENOENT ? 0 : result;
        ++removed_;
        if (!levels_.empty()) levels_.back().has_removed = true;
        return 0;
    }

    [[nodiscard]] std::int64_t count_of(int result) const {
        if (result == -ENOENT || result == -ENOTDIR) return removed_;
        return result < 0 ? result : removed_ + 1;
    }

    // What unlink(2) says of a directory.
    static bool may_be_directory(int result) noexcept {
        return result == -EISDIR || result == -EPERM;
    }

    void leave() {
        static_cast<void>(detail::file_calls::close(levels_.back().fd));
        levels_.pop_back();
    }

    std::vector<level> levels_;
    std::int64_t removed_ = 0;
};

std::uint64_t remove_tree(const path& what, std::error_code* ec) {
    std::int64_t result = 0;
    {
        remover all;
        result = all.remove(what);
    }
    return detail::file_report{"remove_all", what, detail::file_report::no_descriptor, ec}.finish(
        result);
}

}  // namespace

std::uint64_t remove_all(const path& what) { return remove_tree(what, nullptr); }
std::uint64_t remove_all(const path& what, std::error_code& ec) { return remove_tree(what, &ec); }

}  // namespace mioco::fs
