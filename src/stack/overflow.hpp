// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>

namespace mioco::detail {

/// Installs, once a process, the SIGSEGV handler that knows a stack overflow when it sees one: it names the fiber, its stack's size and
/// the setting to raise, and then the process dies as it would have. Other faults go to the handler that was there before.
void install_overflow_handler();

/// A stack for the calling thread's signal handlers, since the fiber's own is used up when the handler is needed. The one that was
/// there before is put back.
class overflow_stack {
public:
    overflow_stack();
    ~overflow_stack();
    overflow_stack(const overflow_stack&) = delete;
    overflow_stack& operator=(const overflow_stack&) = delete;

private:
    void* memory_;
    std::size_t size_bytes_;
    void* before_memory_;
    std::size_t before_size_bytes_;
    int before_flags_;
};

}  // namespace mioco::detail
