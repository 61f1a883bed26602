// SPDX-License-Identifier: MPL-2.0
#pragma once

namespace mioco::detail {

struct fiber;
class worker;

/// All that mioco keeps a thread.
struct thread_state {
    worker* on_worker = nullptr;  // null: not a runtime's thread
    fiber* blocked_thread =
        nullptr;  // the control block with which a plain thread waits; made when first needed
};

/// The calling thread's. A fiber may be on another thread after each switch, and both compilers keep a thread-local's address
/// across calls: hence this one accessor, in a file that no optimizer looks into. The result is for use before the
/// next switch.
thread_state& current_thread() noexcept;

/// Has the calling thread's `blocked_thread` retired when the thread ends.
void retire_at_thread_end() noexcept;

}  // namespace mioco::detail
