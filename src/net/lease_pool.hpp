// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>

#include "io/fd.hpp"
#include "io/lease_buffer.hpp"
#include "io/lease_growth.hpp"
#include "sched/worker.hpp"

namespace mioco::detail {

inline constexpr std::size_t usual_lease_bytes = lease_bytes_of(0);

/// A buffer of the usual size: the one that this worker used last, which is still in its cache. Throws std::bad_alloc.
inline std::byte* borrow_lease(worker& here) {
    if (std::byte* const buffer = here.leases().take()) [[likely]]
        return buffer;
    return allocate_lease();
}

struct lent_buffer {
    std::byte* data;
    std::size_t room;
};
/// Takes a usual one back, and lends what is right for this descriptor.
lent_buffer exchange_lease(std::byte* usual, const fd_object& fd, worker& here) noexcept;

/// After a read of so many bytes that was noted: copies them to a usual one, and takes the large one back, if the next read is to have a usual
/// one as well. So a large one is held for no more than the call by a connection whose first message is small.
std::byte* right_sized(std::byte* lent, std::size_t count, const fd_object& fd,
                       worker& here) noexcept;

/// `here`: the calling thread's worker, or null.
void give_back_lease(std::byte* buffer, worker* here) noexcept;

}  // namespace mioco::detail
