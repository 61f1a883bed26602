// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>
#include <optional>
#include <string>
#include <system_error>

#include <mioco/detail/io_result.hpp>

#include "base/cure.hpp"
#include "fiber/interruption.hpp"

namespace mioco::detail {

/// Throws a negative errno value as an error; the caller's cancel as `fiber_cancelled`.
/// The text says what to do about it: by default what `cure_of` says.
[[noreturn]] void throw_failure(int failure, const std::string& what,
                                std::optional<std::string> cure = std::nullopt);

/// Sets `ec`, or throws if that is null and `result` is a failure. For errors that are to name more than the call.
void report(int result, const std::string& what, std::error_code* ec,
            std::optional<std::string> cure = std::nullopt);

inline std::error_code code_of(int failure) noexcept {
    return {failure == deadline_failure ? ETIMEDOUT : errno_of(failure), std::system_category()};
}

}  // namespace mioco::detail
