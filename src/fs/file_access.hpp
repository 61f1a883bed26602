// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>

#include <mioco/fs/file.hpp>

#include "fs/file_calls.hpp"

namespace mioco::detail {

/// For those that open files in ways of their own.
struct file_access {
    /// Of a descriptor without O_DIRECT.
    static mioco::fs::file make(int fd, std::filesystem::path path) noexcept {
        return {fd, static_cast<std::uint8_t>(file_calls::kind_of(fd, 0)), std::move(path)};
    }
};

}  // namespace mioco::detail
