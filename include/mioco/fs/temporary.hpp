// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <filesystem>
#include <system_error>
#include <utility>

#include <mioco/fs/file.hpp>

namespace mioco::fs {

/// Where temporary files belong: TMPDIR of the environment, or "/tmp"; in a simulation always "/tmp". Unlike the standard's it does not look
/// whether that is there. Does not block. New here.
[[nodiscard]] std::filesystem::path temp_directory_path();

/// A file without a name, open to be read and written, which is gone when it is closed; or when the process ends, however that
/// happens. Only this user may open it. It parks, throws and is cancelled as `file::open`. New here.
[[nodiscard]] file temporary_file();
/// The same on the file system of this directory.
[[nodiscard]] file temporary_file(const std::filesystem::path& in);
/// The same, with the error in `ec` and no file returned.
[[nodiscard]] file temporary_file(const std::filesystem::path& in, std::error_code& ec);

/// A directory of its own, which is removed with all that is in it when the object goes. Move-only. New here.
class temporary_directory {
public:
    /// Makes one in `temp_directory_path()`, which only this user may enter. It parks, throws and is cancelled as the calls of
    /// `mioco/fs/operations.hpp`.
    temporary_directory();
    /// Makes one in this directory.
    explicit temporary_directory(const std::filesystem::path& in);
    /// The same, with the error in `ec`; it has no path then.
    temporary_directory(const std::filesystem::path& in, std::error_code& ec);
    /// Takes the other's, which has none then.
    temporary_directory(temporary_directory&& other) noexcept
        : path_(std::exchange(other.path_, {})) {}
    /// Removes the one held so far, as the destructor does.
    temporary_directory& operator=(temporary_directory&& other) noexcept {
        if (this != &other) {
            discard();
            path_ = std::exchange(other.path_, {});
        }
        return *this;
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    /// Removes it, and drops errors. It parks, and is no cancellation point: neither a cancel nor a deadline keeps it from being
    /// removed.
    ~temporary_directory() { discard(); }

    /// Its path; empty if there is none.
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    /// Leaves the directory to the caller, who removes it. Does not block.
    [[nodiscard]] std::filesystem::path release() noexcept { return std::exchange(path_, {}); }

private:
    void make(const std::filesystem::path& in, std::error_code* ec);
    void discard() noexcept;

    std::filesystem::path path_;
};

}  // namespace mioco::fs
