// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>
#include <vector>

#include <mioco/process.hpp>

namespace mioco::detail {

/// Texts as a system call takes them: pointers, and a null at the end.
std::vector<char*> pointers_to(std::vector<std::string>& texts);

/// The environment that a program is started with, as texts "NAME=value", if it is not that of this process.
std::vector<std::string> environment_of(const process::options& how);

/// Whether a variable can have this name.
[[nodiscard]] bool is_variable_name(const std::string& name) noexcept;

}  // namespace mioco::detail
