// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <filesystem>
#include <utility>

#include <mioco/fs/file.hpp>

namespace mioco::detail {

/// For those that open files in ways of their own.
struct file_access {
    static mioco::fs::file make(int fd, std::filesystem::path path) noexcept {
        return {fd, std::move(path)};
    }
};

}  // namespace mioco::detail
