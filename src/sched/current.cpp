// SPDX-License-Identifier: MPL-2.0
#include "sched/current.hpp"

#include "fiber/blocked_thread.hpp"

namespace mioco::detail {

namespace {

// No destructor, hence no guard to check at each access.
constinit thread_local thread_state state;

struct retirement {
    bool wanted = false;
    ~retirement() {
        if (wanted) retire_blocked_thread(*state.blocked_thread);
        state.blocked_thread = nullptr;
    }
};
thread_local retirement at_end;

}  // namespace

#if defined(__clang__)
[[gnu::noinline]]
#else
[[gnu::noipa]]
#endif
thread_state& current_thread() noexcept {
    thread_state* address = &state;
    // The compiler must not know that two calls give the same.
    asm volatile("" : "+r"(address));
    return *address;
}

void retire_at_thread_end() noexcept { at_end.wanted = true; }

}  // namespace mioco::detail
