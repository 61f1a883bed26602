// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <string>
#include <system_error>

namespace mioco::detail {

/// Both forms of each call end here: with `ec` null a failure is thrown, else it is set and 0 is returned. `failure` is a
/// negative errno value; -ECANCELED is thrown as `fiber_cancelled`.
[[noreturn]] void throw_failure(int failure, const std::string& what);

inline std::error_code code_of(int failure) noexcept { return {-failure, std::system_category()}; }

/// Without a call into the standard library where nothing is set, which is nearly always.
inline void clear(std::error_code* ec) noexcept {
    if (ec != nullptr && ec->value() != 0) ec->clear();
}

inline std::size_t finish(ssize_t result, const char* what, std::error_code* ec) {
    if (result < 0) {
        if (ec == nullptr) throw_failure(static_cast<int>(result), what);
        *ec = code_of(static_cast<int>(result));
        return 0;
    }
    clear(ec);
    return static_cast<std::size_t>(result);
}

}  // namespace mioco::detail
