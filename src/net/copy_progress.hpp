// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <system_error>

#include "net/result.hpp"

namespace mioco::detail {

/// How far a copy has come, and why no further.
struct copy_progress {
    std::uint64_t count = 0;
    std::error_code failure;
    int result =
        0;  // of the last call, where it was one of ours: a negative errno value, which tells more

    void fail(int by) noexcept { failure = code_of(result = by); }
};

}  // namespace mioco::detail
