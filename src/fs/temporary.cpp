// SPDX-License-Identifier: MPL-2.0
#include <mioco/fs/temporary.hpp>

#include <cerrno>

#include <fcntl.h>

#include <mioco/fs/operations.hpp>
#include <mioco/shield.hpp>

#include "fs/file_access.hpp"
#include "fs/path_calls.hpp"
#include "fs/random_name.hpp"
#include "fs/report.hpp"

namespace mioco::fs {

namespace {

namespace paths = detail::path_calls;
using std::filesystem::path;

// For file systems that have no files without a name: it has one for a moment.
int open_and_remove(const path& in) {
    int fd = -EEXIST;
    for (int tried = 0; fd == -EEXIST && tried < detail::most_names_tried; ++tried) {
        const path name = in / detail::random_name(".tmp");
        fd = paths::open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd < 0) continue;
        file opened = detail::file_access::make(fd, {});
        const int removed = paths::remove_certainly(name);
        return removed < 0 ? removed : opened.release();
    }
    return fd;
}

file open_temporary(const path& in, std::error_code* ec) {
    int fd = paths::open(in, O_RDWR | O_TMPFILE, 0600);
    if (fd == -EOPNOTSUPP || fd == -EISDIR) fd = open_and_remove(in);
    detail::file_report{"temporary_file", in, detail::file_report::no_descriptor, ec}.check(fd);
    return fd < 0 ? file() : detail::file_access::make(fd, {});
}

}  // namespace

path temp_directory_path() { return detail::current_driver().temporary_directory(); }

file temporary_file() { return open_temporary(temp_directory_path(), nullptr); }
file temporary_file(const path& in) { return open_temporary(in, nullptr); }
file temporary_file(const path& in, std::error_code& ec) { return open_temporary(in, &ec); }

temporary_directory::temporary_directory() { make(temp_directory_path(), nullptr); }
temporary_directory::temporary_directory(const std::filesystem::path& in) { make(in, nullptr); }
temporary_directory::temporary_directory(const std::filesystem::path& in, std::error_code& ec) {
    make(in, &ec);
}

void temporary_directory::make(const std::filesystem::path& in, std::error_code* ec) {
    int result = -EEXIST;
    for (int tried = 0; result == -EEXIST && tried < detail::most_names_tried; ++tried) {
        std::filesystem::path name = in / detail::random_name("");
        result = paths::make_directory(name, 0700);
        if (result >= 0) path_ = std::move(name);
    }
    detail::file_report{"temporary_directory", in, detail::file_report::no_descriptor, ec}.check(
        result);
}

void temporary_directory::discard() noexcept {
    if (path_.empty()) return;
    const auto gone = std::exchange(path_, {});
    try {
        std::error_code ignored;
        shield([&] { fs::remove_all(gone, ignored); });
    } catch (const std::exception&) {
        return;  // in a forked child, where a fiber cannot wait
    }
}

}  // namespace mioco::fs
