// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>

#include "sched/worker.hpp"

namespace mioco::detail {

std::byte* allocate_lease();

/// A buffer of `leased_bytes::capacity_bytes`: the one that this worker used last, which is still in its cache. Throws
/// std::bad_alloc.
inline std::byte* borrow_lease(worker& here) { return here.leases().take_or(&allocate_lease); }

/// `here`: the calling thread's worker, or null.
void give_back_lease(std::byte* buffer, worker* here) noexcept;

}  // namespace mioco::detail
