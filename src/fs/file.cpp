// SPDX-License-Identifier: MPL-2.0
#include <mioco/fs/file.hpp>

#include <cerrno>
#include <limits>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "fiber/parking.hpp"
#include "fs/file_calls.hpp"
#include "fs/report.hpp"
#include "fs/status.hpp"

namespace mioco::fs {

namespace {

namespace calls = detail::file_calls;
using reported = detail::file_report;

constexpr const char* wanted_options =
    " (ask for read, write or append; create and create_new take write or append, truncate takes "
    "write without append)";

// As open(2) wants them, or -EINVAL for a contradiction.
int flags_of(const open_options& options) noexcept {
    const bool writes = options.write || options.append;
    if (!writes && !options.read) return -EINVAL;
    if (!writes && (options.create || options.create_new)) return -EINVAL;
    if (options.truncate && !options.write) return -EINVAL;
    if (options.truncate && options.append) return -EINVAL;
    int flags = O_RDONLY;
    if (writes) flags = options.read ? O_RDWR : O_WRONLY;
    if (options.append) flags |= O_APPEND;
    if (options.create || options.create_new) flags |= O_CREAT;
    if (options.create_new) flags |= O_EXCL;
    if (options.truncate) flags |= O_TRUNC;
    return flags;
}

// The kernel's offsets are signed; it refuses negative ones, so for one that is too large it gets such a one, but not `here`.
std::int64_t place(std::uint64_t offset) noexcept {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    return offset <= static_cast<std::uint64_t>(most) ? static_cast<std::int64_t>(offset) : -2;
}

int origin_of(seek_from origin) noexcept {
    if (origin == seek_from::begin) return SEEK_SET;
    return origin == seek_from::current ? SEEK_CUR : SEEK_END;
}

// As a public header holds it, which does not know the type.
std::uint8_t number_of(calls::kind kind) noexcept { return static_cast<std::uint8_t>(kind); }
calls::kind kind_from(std::uint8_t number) noexcept { return static_cast<calls::kind>(number); }

}  // namespace

file file::open_file(const std::filesystem::path& path, const open_options& options,
                     std::error_code* ec) {
    const int flags = flags_of(options);
    const reported to{flags < 0 ? "open with contradictory options" : "open", path,
                      detail::file_report::no_descriptor, ec, flags < 0 ? wanted_options : nullptr};
    // The kernel would open what stands before a zero.
    const bool is_whole = path.native().find('\0') == std::string::npos;
    file opened(-1, 0, path);
    std::int64_t fd = is_whole ? flags : -EINVAL;
    calls::kind of = calls::kind::unknown;
    if (fd >= 0) fd = calls::open(path.c_str(), flags, options.mode, of);
    to.check(fd);
    if (fd < 0) return {};
    opened.fd_ = static_cast<int>(fd);
    opened.kind_ = number_of(of);
    return opened;
}

file file::adopt_open(int fd, std::error_code* ec) {
    const std::filesystem::path none;
    detail::driver& io = detail::current_driver();
    const char* const foreign = io.why_foreign(fd);
    const int flags = foreign != nullptr ? -EOPNOTSUPP : io.status_flags(fd);
    reported{"adopt", none, fd, ec, foreign}.check(flags);
    if (flags < 0) return {};
    return {fd, number_of(calls::kind_of(fd, flags)), none};
}

std::size_t file::read_some(std::span<std::byte> into, std::optional<std::uint64_t> offset,
                            std::error_code* ec) {
    const reported to{offset ? "read_at" : "read", path_, fd_, ec};
    return to.finish(
        calls::read(fd_, into, offset ? place(*offset) : calls::here, kind_from(kind_)));
}

std::size_t file::read_all(std::span<std::byte> into, std::error_code* ec) {
    const reported to{"read_exactly", path_, fd_, ec};
    std::size_t done = 0;
    while (done < into.size()) {
        const ssize_t count = calls::read(fd_, into.subspan(done), calls::here, kind_from(kind_));
        if (count <= 0) return to.fail_after(done, count);
        done += static_cast<std::size_t>(count);
    }
    return to.finish(static_cast<std::int64_t>(done));
}

std::size_t file::write_some(std::span<const std::byte> from, std::optional<std::uint64_t> offset,
                             std::error_code* ec) {
    const reported to{offset ? "write_at" : "write", path_, fd_, ec};
    return to.finish(
        calls::write(fd_, from, offset ? place(*offset) : calls::here, kind_from(kind_)));
}

std::size_t file::read_parts(std::span<const iovec> into, std::optional<std::uint64_t> offset,
                             std::error_code* ec) {
    const reported to{offset ? "readv_at" : "readv", path_, fd_, ec};
    return to.finish(calls::read_into(fd_, into, offset ? place(*offset) : calls::here));
}

std::size_t file::write_parts(std::span<const iovec> from, std::optional<std::uint64_t> offset,
                              std::error_code* ec) {
    const reported to{offset ? "writev_at" : "writev", path_, fd_, ec};
    return to.finish(calls::write_from(fd_, from, offset ? place(*offset) : calls::here));
}

std::size_t file::write_whole(std::span<const std::byte> from, std::error_code* ec) {
    const reported to{"write_all", path_, fd_, ec};
    std::size_t done = 0;
    while (done < from.size()) {
        const ssize_t count = calls::write(fd_, from.subspan(done), calls::here, kind_from(kind_));
        if (count <= 0) return to.fail_after(done, count == 0 ? -EIO : count);
        done += static_cast<std::size_t>(count);
    }
    return to.finish(static_cast<std::int64_t>(done));
}

std::uint64_t file::move_to(std::int64_t offset, seek_from origin, std::error_code* ec) {
    return reported{"seek", path_, fd_, ec}.finish(calls::seek(fd_, offset, origin_of(origin)));
}

std::uint64_t file::size_of(std::error_code* ec) const {
    return reported{"size", path_, fd_, ec}.finish(calls::size(fd_));
}

void file::set_size(std::uint64_t size, std::error_code* ec) {
    reported{"resize", path_, fd_, ec}.check(calls::set_size(fd_, place(size)));
}

file_status file::status_of(std::error_code* ec) const {
    struct stat found{};
    const int result = calls::status(fd_, found);
    reported{"status", path_, fd_, ec}.check(result);
    return result < 0 ? file_status{} : detail::to_file_status(found);
}

void file::sync(bool data_only, std::error_code* ec) {
    const reported to{data_only ? "flush_data" : "flush", path_, fd_, ec};
    to.check(calls::sync(fd_, data_only));
}

void file::close_file(std::error_code* ec) {
    const int fd = std::exchange(fd_, -1);
    const auto path = std::exchange(path_, {});
    const int result = fd < 0 ? -EBADF : calls::close(fd);
    reported{"close", path, fd, ec}.check(result);
}

// A forked child, in which a fiber cannot wait, closes its copy at once.
void file::discard() noexcept {
    if (fd_ < 0) return;
    const int fd = std::exchange(fd_, -1);
    try {
        static_cast<void>(calls::close(fd));
    } catch (const std::exception&) {
        detail::current_driver().close(fd);
    }
}

}  // namespace mioco::fs
