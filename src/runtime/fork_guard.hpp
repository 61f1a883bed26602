// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>

namespace mioco::detail {

/// Whether this is a child that was forked after `watch_for_fork`.
extern std::atomic<bool> in_forked_child;
void watch_for_fork();

[[noreturn]] void throw_after_fork(const char* what);

/// A forked child has the memory of its parent's runtimes but none of their threads, so nothing in it would ever run. Throws
/// std::logic_error, which says so, when the calling process is such a child and its parent had used mioco. `what` was
/// to be made.
inline void refuse_after_fork(const char* what) {
    if (in_forked_child.load(std::memory_order_relaxed)) [[unlikely]]
        throw_after_fork(what);
}

}  // namespace mioco::detail
