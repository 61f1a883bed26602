// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

namespace mioco::detail {

/// The result of a call on a file or path, or what its failure is to be: thrown, or set.
struct file_report {
    const char* call;
    const std::filesystem::path& path;
    int fd;
    std::error_code* ec;
    const char* why = nullptr;                     // in the place of what can be done about it
    const std::filesystem::path* other = nullptr;  // what else it is about

    void check(std::int64_t result) const { static_cast<void>(finish(result)); }

    [[nodiscard]] std::uint64_t finish(std::int64_t result) const {
        if (result < 0) [[unlikely]]
            return fail(result);
        if (ec != nullptr) ec->clear();
        return static_cast<std::uint64_t>(result);
    }

    /// For `fd`, of a call that is about a path.
    static constexpr int no_descriptor = -2;

    /// Returns 0 if it does not throw.
    [[nodiscard]] std::uint64_t fail(std::int64_t failure) const;
    /// Of a call in several parts: the last one's result, 0 at the end of the file.
    [[nodiscard]] std::size_t fail_after(std::size_t done, std::int64_t last) const;

private:
    [[nodiscard]] std::string text() const;
};

}  // namespace mioco::detail
