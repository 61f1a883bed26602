// SPDX-License-Identifier: MPL-2.0
#include "net/lease_pool.hpp"

#include <new>

#include "sched/current.hpp"

namespace mioco::net {

std::byte* lease_access::allocate() {
    return static_cast<std::byte*>(::operator new(leased_bytes::capacity_bytes));
}

void lease_access::give_back(std::byte* buffer, detail::worker* here) noexcept {
    if (here == nullptr || !here->leases().keep(buffer)) ::operator delete(buffer);
}

void leased_bytes::give_back(std::byte* buffer) noexcept {
    lease_access::give_back(buffer, detail::current_thread().on_worker);
}

}  // namespace mioco::net
