// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <source_location>

namespace mioco {

namespace detail {

class worker;

/// What a `no_park` has on the caller's stack: one of a list, the innermost first.
struct no_park_region {
    worker* on;  // null: not in a fiber
    const char* reason;
    std::source_location begins_at;
    std::uint64_t fiber = 0;
    no_park_region* outer = nullptr;
};

void begin_no_park(no_park_region& region) noexcept;
void end_no_park(no_park_region& region) noexcept;

}  // namespace detail

namespace this_fiber {

/// While it lives, the calling fiber stays on its thread, and no other fiber runs there: for code that holds a `std::mutex`, or the address of
/// a `thread_local`. A call of the library that has to wait, and any `mioco::yield`, ends the process by `std::abort`, with a message
/// on stderr that names the fiber, what the call would wait for, the reason that was given, where the guard was made, and the calls that led
/// there:
///
///     const std::scoped_lock held(native_mutex);
///     const mioco::this_fiber::no_park guard("holds native_mutex");
///
/// Calls that find at once what they want go on as ever, so a test sees a mistake only where it would wait; and a call that has used up the
/// budget of its fiber lets others run after the guard's end instead, also under `migration::always`. Guards may be nested, and
/// end in any order; they end in the fiber that made them, and before it does, or the process ends with a message too. A loop that never
/// waits inside of one holds its worker as computing does.
///
/// Outside of fibers it has no effect. Costs a few instructions, and nothing where there is none. Does not block. New here.
class no_park {
public:
    /// `reason` is for the message, and must live as long as the guard. `where` is the place in the source that makes it.
    explicit no_park(const char* reason = "",
                     std::source_location where = std::source_location::current()) noexcept
        : region_{nullptr, reason, where} {
        detail::begin_no_park(region_);
    }
    /// From here on calls may wait, if there is no other guard.
    ~no_park() { detail::end_no_park(region_); }
    no_park(const no_park&) = delete;
    no_park& operator=(const no_park&) = delete;

private:
    detail::no_park_region region_;
};

}  // namespace this_fiber
}  // namespace mioco
