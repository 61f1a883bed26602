// SPDX-License-Identifier: MPL-2.0
#include "fiber/eh_globals.hpp"

#include <cxxabi.h>

namespace mioco::detail {

eh_globals* this_thread_eh_globals() noexcept {
    return reinterpret_cast<eh_globals*>(abi::__cxa_get_globals());
}

}  // namespace mioco::detail
