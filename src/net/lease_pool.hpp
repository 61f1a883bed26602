// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>

#include <mioco/net/leased_bytes.hpp>

#include "sched/worker.hpp"

namespace mioco::net {

struct lease_access {
    /// A buffer of `leased_bytes::capacity_bytes`: the one that this worker used last, which is still in its cache. `here` may be
    /// null. Throws std::bad_alloc.
    static std::byte* borrow(detail::worker* here) {
        std::byte* const cached = here != nullptr ? here->leases().take() : nullptr;
        return cached != nullptr ? cached : allocate();
    }
    static std::byte* allocate();
    static void give_back(std::byte* buffer, detail::worker* here) noexcept;
    static leased_bytes make(std::byte* buffer, std::size_t size) noexcept {
        return {buffer, size};
    }
};

}  // namespace mioco::net
