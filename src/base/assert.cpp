// SPDX-License-Identifier: MPL-2.0
#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace mioco::detail {

void assertion_failed(const char* condition, const char* expected, const char* file,
                      int line) noexcept {
    std::fprintf(stderr, "mioco: internal error: %s (%s is false, %s:%d)\n", expected, condition,
                 file, line);
    std::abort();
}

}  // namespace mioco::detail
