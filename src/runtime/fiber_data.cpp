// SPDX-License-Identifier: MPL-2.0
#include <system_error>
#include <utility>

#include <mioco/fiber_data.hpp>

#include "fiber/fiber_extras.hpp"
#include "sched/current.hpp"

namespace mioco::detail {

namespace {

fiber_extras& callers_extras() {
    fiber* const self = current_fiber();
    if (self == nullptr) {
        throw std::system_error(std::make_error_code(std::errc::operation_not_permitted),
                                "mioco: data can be set in fibers only");
    }
    return needed_extras(*self);
}

}  // namespace

const shared_data* own_data() noexcept {
    const fiber* const self = current_fiber();
    if (self == nullptr) return nullptr;
    const fiber_extras* const extras = self->extras.load(std::memory_order_relaxed);
    return extras == nullptr ? nullptr : &extras->own;
}

// The former value's destructor is the user's code: it finds the new value, and may wait.
void set_own_data(shared_data value) { std::swap(callers_extras().own, value); }

void set_children_data(shared_data value) { std::swap(callers_extras().of_children, value); }

}  // namespace mioco::detail
