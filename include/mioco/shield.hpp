// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace mioco {

namespace detail {

struct fiber;

/// What `shield` puts on the caller's stack: it sees no interruption from outside while this lives.
class shield_region {
public:
    shield_region() noexcept;
    ~shield_region();
    shield_region(const shield_region&) = delete;
    shield_region& operator=(const shield_region&) = delete;

private:
    fiber* fiber_;
};

}  // namespace detail

/// Runs `f` so that the caller sees no cancel meanwhile, and returns what it returns or throws what it throws: for what must not
/// stop half way, as a goodbye to a peer. Whatever `f` waits for it waits for to the end, also when the fiber is asked to stop, by
/// `join_handle::cancel` or by a stop of its runtime, or when the time of a `with_deadline` around the `shield` has passed. Both are seen
/// again after it. A `with_deadline` inside of `f` counts.
///
/// No cancellation point itself. May be nested. New here.
template <class F>
    requires std::invocable<F>
std::invoke_result_t<F> shield(F&& f) {
    const detail::shield_region held;
    return std::invoke(std::forward<F>(f));
}

}  // namespace mioco
