// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <mioco/detail/wait_reason.hpp>

namespace mioco::detail {

/// Who can end such a wait. `fibers`: only a fiber of the waiter's own runtime, by running. `threads`: also other code of this process:
/// a plain thread, or another runtime's fiber, as of channels and locks, whose other side may be anybody's; but no descriptor
/// and no timer, which are the kernel's. When in doubt: `anybody`. Each reason has its facts, which the compiler demands. (A
/// cancel ends nearly every wait, and a deadline those that have one; neither counts here.)
enum class woken_by : std::uint8_t { fibers, threads, anybody };

struct wait_facts {
    const char* text;  // as in "waits for read"
    woken_by who;
    const char* call = text;  // that waits so, as its user writes it
};

constexpr wait_facts facts_of(wait_reason why) noexcept {
    switch (why) {
        case wait_reason::none:
            return {"nothing", woken_by::anybody};
        case wait_reason::yield:
            return {"yield", woken_by::anybody};
        case wait_reason::sleep:
            return {"sleep", woken_by::anybody};
        case wait_reason::join:
            return {"join", woken_by::fibers};
        case wait_reason::join_elsewhere:
            return {"join of another runtime's fiber", woken_by::anybody};
        case wait_reason::readable:
            return {"read", woken_by::anybody};
        case wait_reason::writable:
            return {"write", woken_by::anybody};
        case wait_reason::idle_runtime:
            return {"the runtime's end", woken_by::anybody, "runtime::wait"};
        case wait_reason::send:
            return {"send", woken_by::threads};
        case wait_reason::receive:
            return {"receive", woken_by::threads, "recv"};
        case wait_reason::select:
            return {"select", woken_by::anybody};
        case wait_reason::select_in_lines:
            return {"select", woken_by::threads};
        case wait_reason::lock:
            return {"lock", woken_by::threads};
        case wait_reason::condition:
            return {"condition", woken_by::threads, "condition_variable::wait"};
        case wait_reason::semaphore:
            return {"semaphore", woken_by::threads, "counting_semaphore::acquire"};
        case wait_reason::latch:
            return {"latch", woken_by::threads, "latch::wait"};
        case wait_reason::barrier:
            return {"barrier", woken_by::threads, "barrier::wait"};
        case wait_reason::once:
            return {"once", woken_by::threads, "call_once"};
        case wait_reason::wait_group:
            return {"wait group", woken_by::threads, "wait_group::wait"};
        case wait_reason::event:
            return {"event", woken_by::threads, "event::wait"};
        case wait_reason::news:
            return {"news", woken_by::threads, "recv or watch_receiver::changed"};
        case wait_reason::offload:
            return {"offload", woken_by::anybody};
        case wait_reason::offload_room:
            return {"room in the queue to offload", woken_by::anybody};
        case wait_reason::callback:
            return {"callback", woken_by::anybody, "suspend"};
        case wait_reason::file:
            return {"a file", woken_by::anybody};
        case wait_reason::look_up:
            return {"the lookup of a name", woken_by::anybody};
        case wait_reason::child:
            return {"a child process", woken_by::anybody};
        case wait_reason::signal:
            return {"a signal", woken_by::anybody, "signals::recv or graceful_stop::wait"};
    }
    return {"something unknown", woken_by::anybody};
}

}  // namespace mioco::detail
