// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <memory>
#include <utility>

#include <mioco/detail/shared_data.hpp>

// One value of any type for each fiber, which children may inherit: a request's number for the log, a priority, a tenant.
// For values that belong to one fiber alone and that no child sees, there is `mioco::fiber_local`.
//
// A child begins with what its parent has set for its children, as its own value and as that of its own children: so a value
// goes on through all generations until somebody sets another or clears it. Fibers without a parent in their runtime (that were
// spawned by a plain thread, or by another runtime's fiber) begin with `config::data`.

namespace mioco::this_fiber {

/// The calling fiber's value, if it is exactly of type `T` (an `int` is no `unsigned`); null if it is not, if there is none, and
/// outside of fibers. What the pointer shows does not change: after a new `set_data` it shows the old value. The value is
/// shared with whoever inherited it, perhaps on other threads, hence `const`.
///
/// Does not block. In the original since 0.2, as `get_userdata`.
template <class T>
[[nodiscard]] std::shared_ptr<const T> data() noexcept {
    const detail::shared_data* const own = detail::own_data();
    return own == nullptr ? nullptr : own->get<T>();
}

/// Replaces the calling fiber's value by `value`. Children do not inherit it. The former value is destroyed
/// when nobody holds it any more, here at the earliest, and else at the end of the last fiber that has it, before that is
/// joined.
///
/// Not a cancellation point; blocks only if the former value's destructor does. Throws `std::system_error`
/// (`operation_not_permitted`) outside of fibers, and what making a copy throws; the former value then stays. In the
/// original since 0.2, as `set_userdata`.
template <class T>
void set_data(T value) {
    detail::set_own_data(detail::shared_data::of(std::move(value)));
}

/// Sets what the calling fiber's future children begin with. Neither the caller's own value nor children that exist change.
/// Otherwise as `set_data`. In the original since 0.2, as `set_children_userdata`.
template <class T>
void set_children_data(T value) {
    detail::set_children_data(detail::shared_data::of(std::move(value)));
}

/// The calling fiber's future children begin without a value. Otherwise as `set_data`. In the original since 0.2, as
/// `set_children_userdata` with `None`.
inline void clear_children_data() { detail::set_children_data({}); }

}  // namespace mioco::this_fiber
