// SPDX-License-Identifier: MPL-2.0
#include <mioco/fs/directory.hpp>

#include <cerrno>
#include <utility>
#include <vector>

#include <fcntl.h>

#include "fiber/interruption.hpp"
#include "fs/file_access.hpp"
#include "fs/path_calls.hpp"
#include "fs/report.hpp"
#include "fs/status.hpp"

namespace mioco::fs {

namespace {

std::nullopt_t no_entry(int result, const std::filesystem::path& what, std::error_code* ec) {
    detail::file_report{"read_directory", what, detail::file_report::no_descriptor, ec}.check(
        result);
    return std::nullopt;
}

// Of a file system that does not tell types. 0, or a negative errno value.
int find_type(directory_entry& entry) {
    struct stat found{};
    const int result = detail::path_calls::link_status(entry.path, found);
    if (result < 0 && result != -ENOENT) return result;
    entry.type =
        result < 0 ? std::filesystem::file_type::not_found : detail::file_type_of(found.st_mode);
    return 0;
}

}  // namespace

struct directory_entries::state {
    file opened;
    std::filesystem::path path;
    std::vector<detail::directory_item> batch{};
    std::size_t given = 0;  // of the batch
};

directory_entries::directory_entries() noexcept = default;
directory_entries::directory_entries(directory_entries&& other) noexcept = default;
directory_entries& directory_entries::operator=(directory_entries&& other) noexcept = default;
directory_entries::~directory_entries() = default;

directory_entries directory_entries::open(const std::filesystem::path& path, std::error_code* ec) {
    const int fd = detail::path_calls::open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    const detail::file_report to{"read_directory", path, detail::file_report::no_descriptor, ec};
    to.check(fd);
    directory_entries made;
    if (fd < 0) return made;
    file opened = detail::file_access::make(fd, {});
    made.state_ = std::make_unique<state>(state{std::move(opened), path});
    return made;
}

std::optional<directory_entry> directory_entries::take(std::error_code* ec) {
    if (ec != nullptr) ec->clear();
    if (!state_) return std::nullopt;
    if (state_->given == state_->batch.size()) {
        state_->batch.clear();
        state_->given = 0;
        const int count = detail::path_calls::list(state_->opened.native_handle(), state_->batch);
        if (detail::is_interruption(count)) return no_entry(count, state_->path, ec);
        if (count <= 0) {
            const auto ended = std::exchange(state_, nullptr);
            return no_entry(count, ended->path, ec);
        }
    }
    const detail::directory_item& item = state_->batch[state_->given];
    directory_entry entry{state_->path / item.name, detail::file_type_of(item.type)};
    if (item.type == 0) {
        const int result = find_type(entry);
        if (result < 0 && !detail::is_interruption(result)) state_.reset();
        if (result < 0) return no_entry(result, entry.path, ec);
    }
    ++state_->given;
    return entry;
}

std::optional<directory_entry> directory_entries::next() { return take(nullptr); }
std::optional<directory_entry> directory_entries::next(std::error_code& ec) { return take(&ec); }

directory_entries read_directory(const std::filesystem::path& path) {
    return directory_entries::open(path, nullptr);
}
directory_entries read_directory(const std::filesystem::path& path, std::error_code& ec) {
    return directory_entries::open(path, &ec);
}

}  // namespace mioco::fs
