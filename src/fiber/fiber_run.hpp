// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <exception>

#include "fiber/fiber.hpp"

namespace mioco::detail {

/// The whole of a fiber's run, on its own stack: the closure, or only its destructor if the fiber was killed before it began;
/// then its outcome is told to the joiner and to the runtime. Throws only under `on_uncaught::terminate`, to where nobody
/// catches.
void run_fiber(fiber& self);

/// For a fiber that nobody will join: destroys its result, or deals with its exception as the config says. Called on the stack of
/// that fiber or of who dropped its handle, never on another fiber's: it runs the user's code.
void dispose_of_outcome(fiber& f) noexcept;

/// Writes one line about an exception that `on_uncaught::rethrow` kept and that nobody waited for.
void report_failure(const std::exception_ptr& error) noexcept;
/// Of a `scope` that nobody waits for any more.
void report_scope_failure(const std::exception_ptr& error) noexcept;

/// Writes one line about what a scheduler of the user's threw out of that call.
void report_scheduler_failure(unsigned worker, const char* call,
                              const std::exception_ptr& error) noexcept;

/// Gives a share back, the handle's or that of who cancels; the last one frees the block. `here`: the calling thread's worker, or null.
void drop_share(fiber& f, worker* here) noexcept;

/// A range of new ids, of which this is the first.
std::uint64_t take_fiber_ids(std::uint64_t count) noexcept;

/// What the join of a fiber gets that could not be given a stack.
std::exception_ptr no_stack_error(stack_kind wanted) noexcept;
[[noreturn]] void throw_no_stack(stack_kind wanted);

}  // namespace mioco::detail
