// SPDX-License-Identifier: MPL-2.0
#include "net/lease_pool.hpp"

#include <new>

#include <mioco/net/leased_bytes.hpp>

#include "sched/current.hpp"

namespace mioco::detail {

std::byte* allocate_lease() {
    return static_cast<std::byte*>(::operator new(net::leased_bytes::capacity_bytes));
}

void give_back_lease(std::byte* buffer, worker* here) noexcept {
    if (here == nullptr || !here->leases().keep(buffer)) ::operator delete(buffer);
}

void give_back_lease(std::byte* buffer) noexcept { give_back_lease(buffer, current_worker()); }

}  // namespace mioco::detail
