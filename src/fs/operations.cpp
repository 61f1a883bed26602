// SPDX-License-Identifier: MPL-2.0
#include <mioco/fs/operations.hpp>

#include <cerrno>
#include <limits>
#include <vector>

#include <fcntl.h>

#include <mioco/fs/file.hpp>

#include "fs/path_calls.hpp"
#include "fs/report.hpp"
#include "fs/status.hpp"

// `<filesystem>` has the same names, which lookup finds by their arguments: no function here calls another by its public one.

namespace mioco::fs {

namespace {

namespace paths = detail::path_calls;
using std::filesystem::file_type;
using std::filesystem::path;

detail::file_report about(const char* call, const path& what, std::error_code* ec,
                          const path* other = nullptr) {
    return {call, what, detail::file_report::no_descriptor, ec, nullptr, other};
}

bool is_absence(int failure) noexcept { return failure == -ENOENT || failure == -ENOTDIR; }

file_status look(const char* call, const path& what, bool follows, std::error_code* ec) {
    struct stat found{};
    const int result =
        follows ? paths::target_status(what, found) : paths::link_status(what, found);
    file_status status;
    if (is_absence(result)) {
        status.type = file_type::not_found;
        if (ec != nullptr) ec->clear();
        return status;
    }
    about(call, what, ec).check(result);
    return result < 0 ? status : detail::to_file_status(found);
}

bool has_type(const char* call, const path& what, file_type type, std::error_code* ec) {
    return look(call, what, true, ec).type == type;
}

bool is_there(const path& what, std::error_code* ec) {
    const file_type found = look("exists", what, true, ec).type;
    return found != file_type::none && found != file_type::not_found;
}

std::uint64_t size_of_path(const path& what, std::error_code* ec) {
    struct stat found{};
    std::int64_t result = paths::target_status(what, found);
    if (result >= 0) {
        result = found.st_size;
        if (!S_ISREG(found.st_mode)) result = S_ISDIR(found.st_mode) ? -EISDIR : -EOPNOTSUPP;
    }
    return about("file_size", what, ec).finish(result);
}

// 1: made; 0: there is one.
int make_one(const path& what) {
    const int result = paths::make_directory(what, 0777);
    if (result >= 0) return 1;
    if (result != -EEXIST) return result;
    struct stat found{};
    const int looked = paths::target_status(what, found);
    return looked >= 0 && S_ISDIR(found.st_mode) ? 0 : result;
}

// From the last one upwards until one can be made or is there, and down again.
int make_all(const path& what) {
    if (what.empty()) return -ENOENT;
    std::vector<path> missing;
    path next = what.has_filename() ? what : what.parent_path();
    int result = make_one(next);
    while (result == -ENOENT && next.has_relative_path() && next.has_parent_path()) {
        missing.push_back(next);
        next = next.parent_path();
        result = make_one(next);
    }
    for (; result >= 0 && !missing.empty(); missing.pop_back()) result = make_one(missing.back());
    return result;
}

// 1: removed; 0: nothing was there.
int remove_one(const path& what) {
    int result = paths::remove(what, false);
    if (result == -EISDIR || result == -EPERM) {
        const int as_directory = paths::remove(what, true);
        if (as_directory != -ENOTDIR) result = as_directory;
    }
    if (is_absence(result)) return 0;
    return result < 0 ? result : 1;
}

int set_permissions(const path& what, std::filesystem::perms wanted,
                    std::filesystem::perm_options how) {
    using std::filesystem::perm_options;
    const auto has = [&](perm_options bit) { return (how & bit) != perm_options{}; };
    if (has(perm_options::nofollow)) return -EOPNOTSUPP;
    if (has(perm_options::replace) + has(perm_options::add) + has(perm_options::remove) != 1)
        return -EINVAL;
    auto bits = static_cast<unsigned>(wanted & std::filesystem::perms::mask);
    if (!has(perm_options::replace)) {
        struct stat found{};
        if (const int result = paths::target_status(what, found); result < 0) return result;
        const unsigned before = found.st_mode & 07777U;
        bits = has(perm_options::add) ? before | bits : before & ~bits;
    }
    return paths::set_mode(what, bits);
}

void set_size_of_path(const path& what, std::uint64_t size, std::error_code* ec) {
    const auto to = about("resize_file", what, ec);
    std::error_code failure;
    auto opened = file::open(what, {.write = true}, failure);
    if (!failure) opened.resize(size, failure);
    to.check(failure ? -failure.value() : 0);
}

}  // namespace

file_status status(const path& what) { return look("status", what, true, nullptr); }
file_status status(const path& what, std::error_code& ec) {
    return look("status", what, true, &ec);
}
file_status symlink_status(const path& what) {
    return look("symlink_status", what, false, nullptr);
}
file_status symlink_status(const path& what, std::error_code& ec) {
    return look("symlink_status", what, false, &ec);
}

bool exists(const path& what) { return is_there(what, nullptr); }
bool exists(const path& what, std::error_code& ec) { return is_there(what, &ec); }
bool is_directory(const path& what) {
    return has_type("is_directory", what, file_type::directory, nullptr);
}
bool is_directory(const path& what, std::error_code& ec) {
    return has_type("is_directory", what, file_type::directory, &ec);
}
bool is_regular_file(const path& what) {
    return has_type("is_regular_file", what, file_type::regular, nullptr);
}
bool is_regular_file(const path& what, std::error_code& ec) {
    return has_type("is_regular_file", what, file_type::regular, &ec);
}
std::uint64_t file_size(const path& what) { return size_of_path(what, nullptr); }
std::uint64_t file_size(const path& what, std::error_code& ec) { return size_of_path(what, &ec); }

bool create_directory(const path& what) {
    return about("create_directory", what, nullptr).finish(make_one(what)) != 0;
}
bool create_directory(const path& what, std::error_code& ec) {
    return about("create_directory", what, &ec).finish(make_one(what)) != 0;
}
bool create_directories(const path& what) {
    return about("create_directories", what, nullptr).finish(make_all(what)) != 0;
}
bool create_directories(const path& what, std::error_code& ec) {
    return about("create_directories", what, &ec).finish(make_all(what)) != 0;
}

void create_symlink(const path& target, const path& link) {
    about("create_symlink", link, nullptr, &target).check(paths::make_symbolic_link(target, link));
}
void create_symlink(const path& target, const path& link, std::error_code& ec) {
    about("create_symlink", link, &ec, &target).check(paths::make_symbolic_link(target, link));
}
void create_hard_link(const path& target, const path& link) {
    about("create_hard_link", link, nullptr, &target).check(paths::make_link(target, link));
}
void create_hard_link(const path& target, const path& link, std::error_code& ec) {
    about("create_hard_link", link, &ec, &target).check(paths::make_link(target, link));
}
path read_symlink(const path& what) {
    std::string target;
    about("read_symlink", what, nullptr).check(paths::read_link(what, target));
    return target;
}
path read_symlink(const path& what, std::error_code& ec) {
    std::string target;
    const int result = paths::read_link(what, target);
    about("read_symlink", what, &ec).check(result);
    return result < 0 ? path() : path(target);
}

bool remove(const path& what) {
    return about("remove", what, nullptr).finish(remove_one(what)) != 0;
}
bool remove(const path& what, std::error_code& ec) {
    return about("remove", what, &ec).finish(remove_one(what)) != 0;
}
void rename(const path& from, const path& to) {
    about("rename", from, nullptr, &to).check(paths::rename(from, to));
}
void rename(const path& from, const path& to, std::error_code& ec) {
    about("rename", from, &ec, &to).check(paths::rename(from, to));
}

void permissions(const path& what, std::filesystem::perms wanted,
                 std::filesystem::perm_options how) {
    about("permissions", what, nullptr).check(set_permissions(what, wanted, how));
}
void permissions(const path& what, std::filesystem::perms wanted, std::filesystem::perm_options how,
                 std::error_code& ec) {
    about("permissions", what, &ec).check(set_permissions(what, wanted, how));
}
void permissions(const path& what, std::filesystem::perms wanted, std::error_code& ec) {
    about("permissions", what, &ec)
        .check(set_permissions(what, wanted, std::filesystem::perm_options::replace));
}
void resize_file(const path& what, std::uint64_t size) { set_size_of_path(what, size, nullptr); }
void resize_file(const path& what, std::uint64_t size, std::error_code& ec) {
    set_size_of_path(what, size, &ec);
}

}  // namespace mioco::fs
