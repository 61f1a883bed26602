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

// What the thread's objects and keys destroy may wait too, before or after the block was retired. So it is left to a key of the
// thread as well: the C library ends those when all objects are gone, and again if one is set meanwhile. Of the main thread it
// ends none, nor need it.
class end_key {
public:
    void set(fiber* block) const noexcept {
        if (works_) pthread_setspecific(key_, block);
    }

private:
    pthread_key_t key_{};
    bool works_ =
        pthread_key_create(&key_, [](void* block) { retire(*static_cast<fiber*>(block)); }) == 0;
};

const end_key& last_chance() noexcept {
    static const end_key key;
    return key;
}

// No destructor either, so that it can be asked until the thread is gone.
constinit thread_local bool has_retired = false;

struct retirement {
    bool wanted = false;
    ~retirement() {
        has_retired = true;
        if (!wanted) return;
        retire(*state.blocked_thread);
        last_chance().set(nullptr);
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

void retire_at_thread_end() noexcept {
    if (!has_retired) at_end.wanted = true;
    last_chance().set(state.blocked_thread);
}

}  // namespace mioco::detail
