// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <system_error>

#include <sys/types.h>

// How the two public forms of a call come from one: the call itself returns a count or a negative errno value, and what is
// made of that is inline, so that neither form costs the call anything.

namespace mioco::detail {

/// With `ec` null it throws, else it sets `ec` and returns 0. `failure` is a negative errno value; the caller's cancel is thrown as
/// `fiber_cancelled`.
std::size_t fail(ssize_t failure, const char* what, std::error_code* ec);

/// Without a call into the standard library where nothing is set, which is nearly always.
inline void clear(std::error_code* ec) noexcept {
    if (ec != nullptr && ec->value() != 0) ec->clear();
}

inline std::size_t finish(ssize_t result, const char* what, std::error_code* ec) {
    if (result < 0) [[unlikely]]
        return fail(result, what, ec);
    clear(ec);
    return static_cast<std::size_t>(result);
}

}  // namespace mioco::detail
