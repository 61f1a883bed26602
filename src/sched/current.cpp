// SPDX-License-Identifier: MPL-2.0
#include "sched/current.hpp"

#include <pthread.h>

#include "fiber/blocked_thread.hpp"

namespace mioco::detail {

// No destructor, hence no guard to check at each access. A name that assembler statements know, see current.hpp; and in the
// memory that each thread has from the start, so that its distance from the thread's pointer is the same for all.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local thread_state state asm(
    "mioco_thread_state");
constinit thread_local thread_state state;

namespace {

void retire(fiber& block) noexcept {
    retire_blocked_thread(block);
    state.blocked_thread = nullptr;
}

// No destructor either, so that it can be asked until the thread is gone.
constinit thread_local bool has_retired = false;

struct retirement {
    bool wanted = false;
    ~retirement() {
        has_retired = true;
        if (wanted) retire(*state.blocked_thread);
    }
};
thread_local retirement at_end;

// What the thread destroys afterwards may wait too, with another block. That one is left to a key of the thread: the C library
// ends those when all such objects are gone, and again if one is set meanwhile. Of the main thread it ends none, nor need it.
struct late_retirement {
    pthread_key_t key{};
    bool works =
        pthread_key_create(&key, [](void* block) { retire(*static_cast<fiber*>(block)); }) == 0;

    void want() const noexcept {
        if (works) pthread_setspecific(key, state.blocked_thread);
    }
};

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

void retire_at_thread_end() noexcept {
    if (!has_retired) {
        at_end.wanted = true;
        return;
    }
    static const late_retirement late;
    late.want();
}

}  // namespace mioco::detail
