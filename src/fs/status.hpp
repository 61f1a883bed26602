// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/fs/file_status.hpp>

#include <sys/stat.h>

namespace mioco::detail {

/// Of the S_IFMT bits; `unknown` for what is none of the standard's.
std::filesystem::file_type file_type_of(mode_t mode) noexcept;
mioco::fs::file_status to_file_status(const struct stat& from) noexcept;

}  // namespace mioco::detail
