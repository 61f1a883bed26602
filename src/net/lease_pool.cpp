// SPDX-License-Identifier: MPL-2.0
#include "net/lease_pool.hpp"

#include <new>

#include "sched/current.hpp"
#include "sched/worker.hpp"

namespace mioco::net {

std::byte* lease_access::borrow(detail::worker* here) {
    if (here != nullptr) {
        if (std::byte* const buffer = here->leases().take()) return buffer;
    }
    return static_cast<std::byte*>(::operator new(leased_bytes::capacity_bytes));
}

void lease_access::give_back(std::byte* buffer, detail::worker* here) noexcept {
    if (here == nullptr || !here->leases().keep(buffer)) ::operator delete(buffer);
}

void leased_bytes::give_back(std::byte* buffer) noexcept {
    lease_access::give_back(buffer, detail::current_thread().on_worker);
}

}  // namespace mioco::net

namespace mioco::detail {

lease_cache::~lease_cache() {
    while (std::byte* const buffer = take()) ::operator delete(buffer);
}

}  // namespace mioco::detail
