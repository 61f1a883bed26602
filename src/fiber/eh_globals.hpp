// SPDX-License-Identifier: MPL-2.0
#pragma once

namespace mioco::detail {

/// What the C++ runtime keeps a thread about exceptions: the stack of those that are being handled, and the number of those in
/// flight. The layout is the Itanium ABI's. It belongs to the flow of control rather than to the thread, so it is
/// swapped at each switch; then a fiber may park inside a `catch`, or in a destructor during unwinding.
struct eh_globals {
    void* caught = nullptr;
    unsigned in_flight = 0;
    unsigned padding = 0;  // named, so that copies are of two words
};

/// The calling thread's. The ABI declares the getter `const`, so compilers would keep its result across a switch: it stands in a
/// file of its own, and workers ask once.
eh_globals* this_thread_eh_globals() noexcept;

}  // namespace mioco::detail
