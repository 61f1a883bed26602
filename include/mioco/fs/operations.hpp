// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// What can be done with paths: the functions of `<filesystem>`, by their names and contracts, on the pool.
///
/// All of them, in fibers and on plain threads: inside a fiber they park it while a thread of the runtime's pool does the work,
/// outside they block the thread. In fibers they are cancellation points. A system call that has begun is waited for and counts, one
/// that has not is not made: after a cancel those that are several, such as `create_directories` and `remove_all`, have done a part.
/// Errors are thrown as `std::system_error`, whose text names the call and the path, or set in `ec`; a cancel is then
/// `std::errc::operation_canceled`. A path with a zero in it is `std::errc::invalid_argument`. Safe to call at the same time. New here.

#include <cstdint>
#include <filesystem>
#include <system_error>

#include <mioco/fs/file_status.hpp>

namespace mioco::fs {

/// What is known about that to which the path leads, of symbolic links about their target. If nothing is there the type is `not_found`,
/// which is no error.
[[nodiscard]] file_status status(const std::filesystem::path& what);
/// The same, with the error in `ec`; of type `none` then.
[[nodiscard]] file_status status(const std::filesystem::path& what, std::error_code& ec);
/// The same of a symbolic link itself.
[[nodiscard]] file_status symlink_status(const std::filesystem::path& what);
/// The same, with the error in `ec`.
[[nodiscard]] file_status symlink_status(const std::filesystem::path& what, std::error_code& ec);

/// Whether something is there; a symbolic link that leads nowhere is not.
[[nodiscard]] bool exists(const std::filesystem::path& what);
/// The same, with the error in `ec`.
[[nodiscard]] bool exists(const std::filesystem::path& what, std::error_code& ec);
/// Whether a directory is there.
[[nodiscard]] bool is_directory(const std::filesystem::path& what);
/// The same, with the error in `ec`.
[[nodiscard]] bool is_directory(const std::filesystem::path& what, std::error_code& ec);
/// Whether a regular file is there.
[[nodiscard]] bool is_regular_file(const std::filesystem::path& what);
/// The same, with the error in `ec`.
[[nodiscard]] bool is_regular_file(const std::filesystem::path& what, std::error_code& ec);
/// The size of a regular file in bytes; `std::errc::is_a_directory` or `std::errc::not_supported` of others.
[[nodiscard]] std::uint64_t file_size(const std::filesystem::path& what);
/// The same, with the error in `ec`; returns 0 then.
[[nodiscard]] std::uint64_t file_size(const std::filesystem::path& what, std::error_code& ec);

/// Makes a directory, whose parent must be there; returns whether it did: false if there is one.
bool create_directory(const std::filesystem::path& what);
/// The same, with the error in `ec`.
bool create_directory(const std::filesystem::path& what, std::error_code& ec);
/// Makes a directory, and those above it that are not there; returns whether it made the last one. It does not mind others that do
/// the same meanwhile.
bool create_directories(const std::filesystem::path& what);
/// The same, with the error in `ec`.
bool create_directories(const std::filesystem::path& what, std::error_code& ec);
/// Makes a symbolic link `link`, which leads to `target`.
void create_symlink(const std::filesystem::path& target, const std::filesystem::path& link);
/// The same, with the error in `ec`.
void create_symlink(const std::filesystem::path& target, const std::filesystem::path& link,
                    std::error_code& ec);
/// Makes `link` a second name of the file `target`.
void create_hard_link(const std::filesystem::path& target, const std::filesystem::path& link);
/// The same, with the error in `ec`.
void create_hard_link(const std::filesystem::path& target, const std::filesystem::path& link,
                      std::error_code& ec);
/// Where a symbolic link leads, as it was made. `std::errc::invalid_argument` if it is none.
[[nodiscard]] std::filesystem::path read_symlink(const std::filesystem::path& what);
/// The same, with the error in `ec`.
[[nodiscard]] std::filesystem::path read_symlink(const std::filesystem::path& what,
                                                 std::error_code& ec);

/// Removes a file, a symbolic link itself, or an empty directory; returns whether there was one.
bool remove(const std::filesystem::path& what);
/// The same, with the error in `ec`.
bool remove(const std::filesystem::path& what, std::error_code& ec);
/// Removes a file or symbolic link, or a directory with all that is in it; returns how many. It follows no symbolic links, also none that
/// takes the place of a directory meanwhile, and it does not mind others that remove something meanwhile. Needs a descriptor for each
/// directory in which it is.
std::uint64_t remove_all(const std::filesystem::path& what);
/// The same, with the error in `ec`.
std::uint64_t remove_all(const std::filesystem::path& what, std::error_code& ec);
/// Gives it another name on the same file system, in the place of a file or an empty directory that had that name, at once: whoever
/// opens `to` meanwhile gets one or the other. After a crash both directories may be as before; see `replace_file`.
void rename(const std::filesystem::path& from, const std::filesystem::path& to);
/// The same, with the error in `ec`.
void rename(const std::filesystem::path& from, const std::filesystem::path& to,
            std::error_code& ec);

/// Copies what is in a regular file, and its permissions; within the kernel, and parked. Of the options those count that say what
/// becomes of an existing file: none, an error; `skip_existing`, `overwrite_existing`, `update_existing` (if it is older).
/// Returns whether it copied. A copy that fails or is cancelled is removed if it had not been there, and else incomplete.
bool copy_file(const std::filesystem::path& from, const std::filesystem::path& to,
               std::filesystem::copy_options how = std::filesystem::copy_options::none);
/// The same, with the error in `ec`.
bool copy_file(const std::filesystem::path& from, const std::filesystem::path& to,
               std::filesystem::copy_options how, std::error_code& ec);
/// The same, where an existing file is an error.
bool copy_file(const std::filesystem::path& from, const std::filesystem::path& to,
               std::error_code& ec);

/// Sets, adds or removes permissions of that to which the path leads. `nofollow` is `std::errc::not_supported`.
void permissions(const std::filesystem::path& what, std::filesystem::perms wanted,
                 std::filesystem::perm_options how = std::filesystem::perm_options::replace);
/// The same, with the error in `ec`.
void permissions(const std::filesystem::path& what, std::filesystem::perms wanted,
                 std::filesystem::perm_options how, std::error_code& ec);
/// Sets them.
void permissions(const std::filesystem::path& what, std::filesystem::perms wanted,
                 std::error_code& ec);
/// Makes the file so many bytes long, as `file::resize`.
void resize_file(const std::filesystem::path& what, std::uint64_t size);
/// The same, with the error in `ec`.
void resize_file(const std::filesystem::path& what, std::uint64_t size, std::error_code& ec);

}  // namespace mioco::fs
