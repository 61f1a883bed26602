// SPDX-License-Identifier: MPL-2.0
#include "net/lease_pool.hpp"

#include <cstring>

#include <mioco/net/leased_bytes.hpp>

#include "sched/current.hpp"

namespace mioco::detail {

lent_buffer exchange_lease(std::byte* usual, const fd_object& fd, worker& here) noexcept {
    const unsigned level = fd.leases.level();
    if (level == 0) return {usual, usual_lease_bytes};
    std::byte* larger = here.leases().take_large(level);
    if (larger == nullptr) larger = allocate_large_lease(level);
    if (larger == nullptr) return {usual, usual_lease_bytes};
    give_back_lease(usual, &here);
    return {larger, lease_bytes_of(level)};
}

std::byte* right_sized(std::byte* lent, std::size_t count, const fd_object& fd,
                       worker& here) noexcept {
    if (lease_level_of(lent) == 0 || fd.leases.level() > 0 || count > usual_lease_bytes)
        return lent;
    std::byte* const usual = here.leases().take();
    if (usual == nullptr) return lent;
    std::memcpy(usual, lent, count);
    give_back_lease(lent, &here);
    return usual;
}

void give_back_lease(std::byte* buffer, worker* here) noexcept {
    if (here == nullptr || !here->leases().keep(buffer)) free_lease(buffer);
}

void give_back_lease(std::byte* buffer) noexcept { give_back_lease(buffer, current_worker()); }

}  // namespace mioco::detail
