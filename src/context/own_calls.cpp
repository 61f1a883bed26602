// SPDX-License-Identifier: MPL-2.0
#include "context/own_calls.hpp"

#include <unwind.h>

namespace mioco::detail {

namespace {

struct own_walk {
    std::span<std::uintptr_t> found;
    std::size_t count = 0;
};

_Unwind_Reason_Code visit_own_frame(_Unwind_Context* frame, void* argument) {
    auto& mine = *static_cast<own_walk*>(argument);
    const std::uintptr_t returns_to = _Unwind_GetIP(frame);
    if (returns_to == 0 || mine.count == mine.found.size()) return _URC_END_OF_STACK;
    mine.found[mine.count++] = returns_to - 1;
    return _URC_NO_REASON;
}

}  // namespace

std::size_t find_own_calls(std::span<std::uintptr_t> found) noexcept {
    own_walk mine{found};
    _Unwind_Backtrace(&visit_own_frame, &mine);
    return mine.count;
}

}  // namespace mioco::detail
