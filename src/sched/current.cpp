// SPDX-License-Identifier: MPL-2.0
#include "sched/current.hpp"

#include "fiber/blocked_thread.hpp"

namespace mioco::detail {

// No destructor, hence no guard to check at each access. A name that assembler statements know, see current.hpp; and in the
// memory that each thread has from the start, so that its distance from the thread's pointer is the same for all.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local thread_state state asm(
    "mioco_thread_state");
constinit thread_local thread_state state;

namespace {

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
