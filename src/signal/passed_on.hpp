// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <functional>
#include <utility>

#include "sched/current.hpp"

// A handler of ours calls the one that it has replaced. That one may have replaced ours once, and so call it back: without end, if nobody
// sees it. A signal that is passed on keeps its registers, and whoever is called back with them is deeper in the stack. A mere mark
// would stay for ever when a handler is left by a jump; what stays of this fits no signal that comes later.

namespace mioco::detail {

/// While it lives, the calling thread's handler with this frame passes a signal on. For handlers: takes no lock.
class passing_on {
public:
    passing_on(passed_signal& mine, const void* registers, const void* frame) noexcept
        : mine_(mine), outer_(std::exchange(mine, {registers, frame})) {}
    ~passing_on() { mine_ = outer_; }
    passing_on(const passing_on&) = delete;
    passing_on& operator=(const passing_on&) = delete;

private:
    passed_signal& mine_;
    const passed_signal outer_;
};

/// Whether the handler with this frame is called by one to which it is just passing this signal on.
inline bool is_called_back(const passed_signal& mine, const void* registers,
                           const void* frame) noexcept {
    return mine.registers == registers && std::less<>()(frame, mine.frame);
}

}  // namespace mioco::detail
