// SPDX-License-Identifier: MPL-2.0
#include <mioco/fs/whole_file.hpp>

#include <algorithm>

#include <fcntl.h>

#include "fs/file_access.hpp"
#include "fs/path_calls.hpp"
#include "fs/report.hpp"
#include "fs/write_bytes.hpp"

namespace mioco::detail {

namespace {

using mioco::fs::file;
using std::filesystem::path;

// A size is what the file tells, and may be wrong by far.
constexpr std::uint64_t most_trusted = 64 << 20;
constexpr std::size_t least_room = 4096;

// One byte more than the size, so that the second read tells the end.
int read_to_end(int fd, std::uint64_t size, std::string& into) {
    std::size_t done = 0;
    into.resize(std::max(least_room, static_cast<std::size_t>(std::min(size, most_trusted)) + 1));
    for (;;) {
        const auto room = std::as_writable_bytes(std::span(into).subspan(done));
        const ssize_t count = file_calls::read(fd, room, file_calls::here);
        if (count <= 0) {
            into.resize(count < 0 ? 0 : done);
            return static_cast<int>(count);
        }
        done += static_cast<std::size_t>(count);
        if (done == into.size()) into.resize(2 * done);
    }
}

std::string read_path(const path& what, std::error_code* ec) {
    std::string text;
    int result = path_calls::open(what, O_RDONLY);
    if (result >= 0) {
        const file opened = file_access::make(result, {});
        const std::int64_t size = file_calls::size(result);
        result = size < 0 ? static_cast<int>(size)
                          : read_to_end(result, static_cast<std::uint64_t>(size), text);
    }
    file_report{"read_file", what, file_report::no_descriptor, ec}.check(result);
    return text;
}

int write_path(const path& what, int how, std::span<const std::byte> bytes) {
    const int fd = path_calls::open(what, O_WRONLY | O_CREAT | how, 0666);
    if (fd < 0) return fd;
    file opened = file_access::make(fd, {});
    const int written = write_bytes(fd, bytes);
    const int closed = file_calls::close(opened.release());
    return written < 0 ? written : closed;
}

}  // namespace

void write_whole_file(const path& what, std::span<const std::byte> bytes, std::error_code* ec) {
    file_report{"write_file", what, file_report::no_descriptor, ec}.check(
        write_path(what, O_TRUNC, bytes));
}

void append_to_file(const path& what, std::span<const std::byte> bytes, std::error_code* ec) {
    file_report{"append_file", what, file_report::no_descriptor, ec}.check(
        write_path(what, O_APPEND, bytes));
}

}  // namespace mioco::detail

namespace mioco::fs {

std::string read_file(const std::filesystem::path& path) {
    return detail::read_path(path, nullptr);
}
std::string read_file(const std::filesystem::path& path, std::error_code& ec) {
    return detail::read_path(path, &ec);
}

}  // namespace mioco::fs
