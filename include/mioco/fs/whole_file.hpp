// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Files read and written as a whole, by path. What parks, throws and is cancelled is as in `mioco/fs/operations.hpp`. New here.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>

#include <mioco/byte_range.hpp>

namespace mioco::detail {
void write_whole_file(const std::filesystem::path& what, std::span<const std::byte> bytes,
                      std::error_code* ec);
void append_to_file(const std::filesystem::path& what, std::span<const std::byte> bytes,
                    std::error_code* ec);
void replace_whole_file(const std::filesystem::path& what, std::span<const std::byte> bytes,
                        std::error_code* ec);
}  // namespace mioco::detail

namespace mioco::fs {

/// All that is in a file, until its end is reached: also of a file that grows meanwhile, or that tells no size, as those of /proc.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);
/// The same, with the error in `ec` and nothing returned.
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::error_code& ec);

/// Writes the bytes to a file, in the place of what was in it; makes it if it is not there, for all users but those that the umask
/// leaves out. Others may see it half written, and so it is left by a crash, a failure or a cancel: see `replace_file`.
template <byte_range B>
void write_file(const std::filesystem::path& path, const B& bytes) {
    detail::write_whole_file(path, detail::bytes_of(bytes), nullptr);
}
/// The same, with the error in `ec`.
template <byte_range B>
void write_file(const std::filesystem::path& path, const B& bytes, std::error_code& ec) {
    detail::write_whole_file(path, detail::bytes_of(bytes), &ec);
}

/// Writes the bytes behind what is in a file, also if others do so at the same time; makes it if it is not there. In one system call, unless
/// the device is full.
template <byte_range B>
void append_file(const std::filesystem::path& path, const B& bytes) {
    detail::append_to_file(path, detail::bytes_of(bytes), nullptr);
}
/// The same, with the error in `ec`.
template <byte_range B>
void append_file(const std::filesystem::path& path, const B& bytes, std::error_code& ec) {
    detail::append_to_file(path, detail::bytes_of(bytes), &ec);
}

/// Has a file hold these bytes, at once and for good: whoever opens it meanwhile finds what was in it before or all of the new, and so it is
/// after a crash of the machine; when the call returns, it is the new, and on the device.
///
/// It writes another file in the same directory (".mioco-", 16 digits, ".tmp"), flushes that, renames it, and flushes the directory. The
/// permissions of the old file are kept, its owner and other names are not. A symbolic link stays, and the file to which it leads is
/// replaced. If anything fails, or the fiber is cancelled before the renaming has begun, the old file is as it was and the
/// other one removed; once it has begun no cancel and no deadline is seen. Only if flushing the directory fails is that told although
/// the new file is there: after a crash it may be the old one. A crash may leave the other file behind. What is no regular file is not
/// replaced: `std::errc::is_a_directory`, `std::errc::invalid_argument`. The directory has to be writable, and readable too, as it is flushed.
template <byte_range B>
void replace_file(const std::filesystem::path& path, const B& bytes) {
    detail::replace_whole_file(path, detail::bytes_of(bytes), nullptr);
}
/// The same, with the error in `ec`.
template <byte_range B>
void replace_file(const std::filesystem::path& path, const B& bytes, std::error_code& ec) {
    detail::replace_whole_file(path, detail::bytes_of(bytes), &ec);
}

}  // namespace mioco::fs
