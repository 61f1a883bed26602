// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include <mioco/detail/fiber_handle.hpp>
#include <mioco/join_handle.hpp>

namespace mioco {

/// What can be said of a fiber when it is spawned: `mioco::spawn({.name = "acceptor"}, accept_all)`.
struct spawn_options {
    /// For logs and messages; copied. Empty: none.
    std::string_view name = {};
    /// As `config::stack_size`, for this fiber alone. Zero: the runtime's.
    std::size_t stack_size_bytes = 0;
    /// Whether the fiber stays on the worker that first runs it.
    bool pinned = false;
};

/// The result type of a callable run with these arguments in a fiber.
template <class F, class... Args>
using fiber_result = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;

/// A callable that can be run with these arguments in a fiber; both are kept by value, and may be move-only.
template <class F, class... Args>
concept fiber_function = std::invocable<std::decay_t<F>, std::decay_t<Args>...> &&
                         !std::same_as<std::remove_cvref_t<F>, spawn_options>;

/// Runs `f(args...)` in a new fiber of the calling fiber's runtime and returns at once; outside of fibers in one default
/// runtime, which starts at the first such call and lives as long as the process.
///
/// The fiber may begin on another worker before `spawn` returns, and on this one as soon as the caller waits, yields or ends.
/// `spawn` yields by itself when the caller has used its operation budget up, so that in a loop that spawns the children
/// run now and then.
///
/// Throws `std::bad_alloc`, `std::system_error` (`errc::too_many_fibers`), what the copy of `f` or an argument throws,
/// `std::logic_error` in a forked child, and outside of fibers what making and starting a `runtime` throws. If there is
/// no memory for the fiber's stack, `f` is not called, and it is `join` that throws `std::system_error`
/// (`not_enough_memory`). Not a cancellation point. In the original since 0.1.
template <class F, class... Args>
    requires fiber_function<F, Args...>
join_handle<fiber_result<F, Args...>> spawn(F&& f, Args&&... args) {
    return detail::handle_access::make<fiber_result<F, Args...>>(
        detail::spawn_fiber(nullptr, {}, std::forward<F>(f), std::forward<Args>(args)...));
}

/// The same, with options. Throws `std::invalid_argument` for a stack size that is out of bounds.
template <class F, class... Args>
    requires fiber_function<F, Args...>
join_handle<fiber_result<F, Args...>> spawn(const spawn_options& options, F&& f, Args&&... args) {
    return detail::handle_access::make<fiber_result<F, Args...>>(
        detail::spawn_fiber(nullptr, options, std::forward<F>(f), std::forward<Args>(args)...));
}

}  // namespace mioco
