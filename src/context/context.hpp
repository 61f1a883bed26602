// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>

#include "context/sanitizer.hpp"

/// In the assembly file of the architecture.
extern "C" void mioco_switch(void** save, void* resume);

namespace mioco::detail {

/// A suspended flow of control: the stack pointer, under which the registers lie (see the assembly files), and what the
/// sanitizers want to know. The context of a running flow is stale until it is switched from.
struct context {
    void* stack_pointer = nullptr;

    /// For one that is soon resumed: the frames above its stack pointer.
    void prefetch() const noexcept {
        const auto* const frames = static_cast<const std::byte*>(stack_pointer);
        for (std::size_t line = 0; line < 4; ++line) __builtin_prefetch(frames + 64 * line, 1, 2);
    }

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
void make_context(context& c, std::byte* bottom, std::byte* top, void (*entry)(void*),
                  void* argument) noexcept;

/// Makes `c` stand for the calling thread, before its first switch away. `own`: the stack that the thread runs on, if that is not the
/// one which the system gave it.
void adopt_thread(context& c, const context* own = nullptr) noexcept;

/// Makes `c` stand for the calling flow of control, on the stack of `where`, before a switch away that is not one of its own.
inline void stand_for_caller(context& c, const context& where) noexcept {
    static_cast<void>(c);
    static_cast<void>(where);
#if defined(MIOCO_ASAN)
    c.bottom = where.bottom;
    c.size_bytes = where.size_bytes;
#endif
#if defined(MIOCO_TSAN)
    c.tsan = __tsan_get_current_fiber();
#endif
}

#if !defined(NDEBUG)
/// The switch saves no floating-point modes; a fiber that parked with changed ones would hand them to the next. Checks that
/// the caller's are the default ones.
void check_floating_point_modes() noexcept;
#else
inline void check_floating_point_modes() noexcept {}
#endif

/// To be called first on a new context's stack.
inline void context_started() noexcept {
#if defined(MIOCO_ASAN)
    __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
}

/// Suspends `from`, which is the caller, and resumes `to`. Returns when somebody switches to `from`.
inline void switch_context(context& from, context& to) noexcept {
    check_floating_point_modes();
#if defined(MIOCO_ASAN)
    __sanitizer_start_switch_fiber(&from.fake_stack, to.bottom, to.size_bytes);
#endif
#if defined(MIOCO_TSAN)
    __tsan_switch_to_fiber(to.tsan, 0);
#endif
    mioco_switch(&from.stack_pointer, to.stack_pointer);
#if defined(MIOCO_ASAN)
    __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
#endif
}

/// As `switch_context`, from a context that is never resumed.
[[noreturn]] inline void leave_context(context& from, context& to) noexcept {
#if defined(MIOCO_ASAN)
    __sanitizer_start_switch_fiber(nullptr, to.bottom, to.size_bytes);
#endif
#if defined(MIOCO_TSAN)
    __tsan_switch_to_fiber(to.tsan, 0);
#endif
    mioco_switch(&from.stack_pointer, to.stack_pointer);
    __builtin_trap();
}

/// After a context was left for good, or before it ever ran.
void destroy_context(context& c) noexcept;

}  // namespace mioco::detail
