// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace mioco::detail {

struct context;
struct fiber;
class driver;
class worker;

/// A signal that one of this library's handlers has passed on to the handler before it, see signal/passed_on.hpp.
struct passed_signal {
    const void* registers = nullptr;  // by which the system tells it from others
    const void* frame = nullptr;      // of the handler
};

/// All that mioco keeps a thread.
struct thread_state {
    worker* on_worker = nullptr;  // null: not a runtime's thread
    fiber* running = nullptr;     // whose stack it is on; null: the worker's own, or no worker
    fiber* blocked_thread =
        nullptr;  // the control block with which a plain thread waits; made when first needed
    std::uint64_t random = 0;  // state of `random_below`; 0: not seeded yet
    driver* world = nullptr;   // that this thread lives in; null: the system
    const context* stack =
        nullptr;  // that it runs on by itself; null: the one that the system gave it
    passed_signal by_receivers;
    passed_signal by_sampler;
};

// A fiber may be on another thread after each switch, and both compilers keep a thread-local's address across calls. Hence
// these accessors alone; none of their results is for use after the next switch.

/// The calling thread's.
thread_state& current_thread() noexcept;

#if defined(__x86_64__)

// For every message, so without a call. The address is made inside of an assembler statement: a volatile one is neither kept nor
// moved across another or across a call.
#define MIOCO_READ_THREAD_STATE(member)                                                     \
    [] {                                                                                    \
        decltype(thread_state::member) value;                                               \
        asm volatile("movq mioco_thread_state@gottpoff(%%rip), %0\n\tmovq %%fs:%c1(%0), %0" \
                     : "=r"(value)                                                          \
                     : "i"(offsetof(thread_state, member))                                  \
                     : "memory");                                                           \
        return value;                                                                       \
    }()

/// The calling thread's worker, or null.
inline worker* current_worker() noexcept { return MIOCO_READ_THREAD_STATE(on_worker); }
/// The fiber that calls, or null.
inline fiber* current_fiber() noexcept { return MIOCO_READ_THREAD_STATE(running); }

#undef MIOCO_READ_THREAD_STATE

#else

/// The calling thread's worker, or null.
inline worker* current_worker() noexcept { return current_thread().on_worker; }
/// The fiber that calls, or null.
inline fiber* current_fiber() noexcept { return current_thread().running; }

#endif

/// Has the calling thread's `blocked_thread` retired when the thread ends.
void retire_at_thread_end() noexcept;

}  // namespace mioco::detail
