// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <system_error>
#include <tuple>
#include <utility>

#include <fcntl.h>

#include <mioco/fs/operations.hpp>

#include "fs/file_access.hpp"
#include "fs/file_calls.hpp"
#include "fs/path_calls.hpp"
#include "fs/report.hpp"
#include "fs/write_bytes.hpp"

namespace mioco::fs {

namespace {

namespace calls = detail::file_calls;
namespace paths = detail::path_calls;
using std::filesystem::copy_options;
using std::filesystem::path;

// Of a pipe, opening must not wait until somebody is at its other end.
constexpr int in_flags = O_RDONLY | O_NONBLOCK;
constexpr int out_flags = O_WRONLY | O_NONBLOCK;
constexpr int made_flags = out_flags | O_CREAT | O_EXCL;

// A cancel is seen between two pieces.
constexpr std::size_t piece_bytes = 8 << 20;

int open_as(file& into, const path& what, int flags, unsigned mode) {
    const int fd = paths::open(what, flags, mode);
    if (fd >= 0) into = detail::file_access::make(fd, what);
    return fd < 0 ? fd : 0;
}

int regular_status(int fd, struct stat& into) {
    const int result = calls::status(fd, into);
    if (result < 0) return result;
    if (S_ISDIR(into.st_mode)) return -EISDIR;
    return S_ISREG(into.st_mode) ? 0 : -EINVAL;
}

// For what the kernel cannot send, such as a file of /proc.
ssize_t copy_piece(int from, int to) {
    std::byte buffer[4096];
    const ssize_t size = calls::read(from, buffer, calls::here);
    if (size <= 0) return size;
    const int written =
        detail::write_bytes(to, std::span(buffer).first(static_cast<std::size_t>(size)));
    if (written < 0) return written;
    return size;
}

int copy_bytes(int from, int to) {
    bool can_send = true;
    for (;;) {
        const ssize_t count = can_send ? calls::send(from, to, piece_bytes) : copy_piece(from, to);
        if (count == -EINVAL || count == -ENOSYS) {
            if (!std::exchange(can_send, false)) return static_cast<int>(count);
            continue;
        }
        if (count <= 0) return static_cast<int>(count);
    }
}

// 1: copied, 0: left as it was.
class copying {
public:
    copying(const path& from, const path& to, copy_options how) : from_(from), to_(to), how_(how) {}

    int run() {
        if (const int result = open_source(); result < 0) return result;
        bool is_made = true;
        int result = open_as(target_, to_, made_flags, source_status_.st_mode & 0777U);
        if (result == -EEXIST) {
            is_made = false;
            result = open_existing();
            if (result == 0) return 0;
        }
        if (result < 0) return result;
        result = copy_bytes(source_.native_handle(), target_.native_handle());
        if (result >= 0)
            result = calls::set_mode(target_.native_handle(), source_status_.st_mode & 07777U);
        const int closed = calls::close(target_.release());
        if (result >= 0) result = closed;
        if (result < 0 && is_made) paths::remove_certainly(to_);
        return result < 0 ? result : 1;
    }

private:
    int open_source() {
        const int opened = open_as(source_, from_, in_flags, 0);
        return opened < 0 ? opened : regular_status(source_.native_handle(), source_status_);
    }

    // 1: to be overwritten, 0: to be left.
    int open_existing() {
        struct stat before{};
        if (const int result = paths::target_status(to_, before); result < 0) return result;
        if (!S_ISREG(before.st_mode)) return S_ISDIR(before.st_mode) ? -EISDIR : -EINVAL;
        if (has(copy_options::skip_existing)) return 0;
        if (is_source(before)) return -EEXIST;
        if (has(copy_options::update_existing)) {
            if (!is_older(before, source_status_)) return 0;
        } else if (!has(copy_options::overwrite_existing)) {
            return -EEXIST;
        }
        const int opened = open_as(target_, to_, out_flags, 0);
        if (opened < 0) return opened;
        // The path may have become another name of the source since, which must not be cut.
        struct stat now{};
        if (const int result = calls::status(target_.native_handle(), now); result < 0)
            return result;
        if (is_source(now)) return -EEXIST;
        const int cut = calls::set_size(target_.native_handle(), 0);
        return cut < 0 ? cut : 1;
    }

    [[nodiscard]] bool is_source(const struct stat& other) const noexcept {
        return other.st_dev == source_status_.st_dev && other.st_ino == source_status_.st_ino;
    }

    static bool is_older(const struct stat& one, const struct stat& other) noexcept {
        return std::tie(one.st_mtim.tv_sec, one.st_mtim.tv_nsec) <
               std::tie(other.st_mtim.tv_sec, other.st_mtim.tv_nsec);
    }

    [[nodiscard]] bool has(copy_options option) const noexcept {
        return (how_ & option) != copy_options::none;
    }

    const path& from_;
    const path& to_;
    const copy_options how_;
    file source_;
    file target_;
    struct stat source_status_{};
};

bool copy_path(const path& from, const path& to, copy_options how, std::error_code* ec) {
    const int result = copying(from, to, how).run();
    const detail::file_report about{"copy_file", from,    detail::file_report::no_descriptor,
                                    ec,          nullptr, &to};
    return about.finish(result) != 0;
}

}  // namespace

bool copy_file(const path& from, const path& to, copy_options how) {
    return copy_path(from, to, how, nullptr);
}
bool copy_file(const path& from, const path& to, copy_options how, std::error_code& ec) {
    return copy_path(from, to, how, &ec);
}
bool copy_file(const path& from, const path& to, std::error_code& ec) {
    return copy_path(from, to, copy_options::none, &ec);
}

}  // namespace mioco::fs
