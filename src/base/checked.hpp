// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>

namespace mioco::detail::sys {

/// What a system call returned, with the negative errno value of a failure in its place.
template <class Result>
Result checked(Result result) noexcept {
    return result < 0 ? static_cast<Result>(-errno) : result;
}

}  // namespace mioco::detail::sys
