// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>

namespace mioco::detail {

/// What lies in front of the bytes of each lease, so that one that comes back is known by its address alone. Aligned as cache lines
/// are: the kernel copies a large message faster into bytes that begin with one.
struct alignas(64) lease_header {
    unsigned level;
};

[[nodiscard]] inline unsigned lease_level_of(const std::byte* buffer) noexcept {
    return reinterpret_cast<const lease_header*>(buffer)[-1].level;
}

/// Of the usual size. Throws std::bad_alloc.
std::byte* allocate_lease();
/// Of a level above 0. Null if memory is short, or if there are as many in the process as there may be: so connections that cannot get rid
/// of what they have read do not use it up.
std::byte* allocate_large_lease(unsigned level) noexcept;
/// Whether half of those are lent or kept: then none is to be kept that nobody uses, so that other workers may lend it.
[[nodiscard]] bool large_leases_are_scarce() noexcept;
void free_lease(std::byte* buffer) noexcept;

}  // namespace mioco::detail
