// SPDX-License-Identifier: MPL-2.0
#include "net/result.hpp"

#include <cerrno>

#include <mioco/error.hpp>

namespace mioco::detail {

void throw_failure(int failure, const std::string& what) {
    if (failure == -ECANCELED) throw fiber_cancelled();
    throw std::system_error(code_of(failure), "mioco: " + what);
}

}  // namespace mioco::detail
