// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>

#include "context/sanitizer.hpp"

namespace mioco::detail {

/// A suspended flow of control: the stack pointer, under which the registers lie (see the assembly files), and what the
/// sanitizers want to know. The context of a running flow is stale until it is switched from.
struct context {
    void* stack_pointer = nullptr;
#if defined(MIOCO_ASAN)
    void* fake_stack = nullptr;
    const void* bottom = nullptr;
    std::size_t size_bytes = 0;
#endif
#if defined(MIOCO_TSAN)
    void* tsan = nullptr;
#endif
};

/// Makes `c` start with `entry(argument)` on this stack when it is first switched to. `entry` never returns.
void make_context(context& c, std::byte* bottom, std::byte* top, void (*entry)(void*), void* argument) noexcept;

/// Makes `c` stand for the calling thread, before its first switch away.
void adopt_thread(context& c) noexcept;

/// To be called first on a new context's stack.
void context_started() noexcept;

/// Suspends `from`, which is the caller, and resumes `to`. Returns when somebody switches to `from`.
void switch_context(context& from, context& to) noexcept;

/// As `switch_context`, from a context that is never resumed.
[[noreturn]] void leave_context(context& from, context& to) noexcept;

/// After a context was left for good, or before it ever ran.
void destroy_context(context& c) noexcept;

}  // namespace mioco::detail
