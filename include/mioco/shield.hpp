// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace mioco {

namespace detail {

struct fiber;

/// The calling fiber sees no cancel while this object lives. Of nested ones so many count as there is room for: the inner ones, which are
/// not counted then, end first.
class cancel_shield {
public:
    cancel_shield() noexcept;
    ~cancel_shield();
    cancel_shield(const cancel_shield&) = delete;
    cancel_shield& operator=(const cancel_shield&) = delete;

private:
    fiber* fiber_;
};

}  // namespace detail

/// Runs `f` so that the caller sees no cancel meanwhile, and returns what it returns or throws what it throws: for what must not
/// stop half way, as a goodbye to a peer. Whatever `f` waits for it waits for to the end, also when the fiber is asked to stop, by
/// `join_handle::cancel` or by a stop of its runtime. That is seen again at the next cancellation point after `shield`.
///
/// No cancellation point itself. May be nested. Outside of fibers, where nothing is cancelled, it just calls `f`. New here.
template <class F>
    requires std::invocable<F>
std::invoke_result_t<F> shield(F&& f) {
    const detail::cancel_shield held;
    return std::invoke(std::forward<F>(f));
}

}  // namespace mioco
