// SPDX-License-Identifier: MPL-2.0
#include <mioco/this_fiber.hpp>

#include "fiber/parking.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/worker.hpp"

namespace mioco::this_fiber {

fiber_id id() noexcept {
    const detail::fiber* const self = detail::current_fiber();
    return self == nullptr ? fiber_id{} : fiber_id(self->number());
}

std::string_view name() noexcept {
    const detail::fiber* const self = detail::current_fiber();
    return self == nullptr ? std::string_view() : self->name_or_empty();
}

bool in_fiber() noexcept { return detail::current_fiber() != nullptr; }

unsigned worker_count() noexcept {
    const detail::fiber* const self = detail::current_fiber();
    return self == nullptr ? 0 : self->on->home().worker_count();
}

}  // namespace mioco::this_fiber
