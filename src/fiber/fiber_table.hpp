// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>

#include "base/block_table.hpp"
#include "fiber/fiber.hpp"

namespace mioco::detail {

/// The control blocks of all fibers and blocked threads. Their numbers have 24 bits, so that one fits into a wait_token.
using fiber_table = block_table<fiber, 4096, 4096>;

/// Never destroyed: threads may end after the destructors of static objects have begun.
extern constinit fiber_table all_fibers;

/// A worker's own few free blocks.
class fiber_cache {
public:
    fiber_cache() = default;
    ~fiber_cache() { all_fibers.give(free_); }
    fiber_cache(const fiber_cache&) = delete;
    fiber_cache& operator=(const fiber_cache&) = delete;

    /// Throws `errc::too_many_fibers` or std::bad_alloc.
    fiber& take();
    void give(fiber& block) noexcept;

private:
    static constexpr std::size_t batch = 32;

    fiber* free_ = nullptr;
    std::size_t count_ = 0;
};

/// As `fiber_cache::take`, for threads that have no cache.
fiber& take_fiber_block();

}  // namespace mioco::detail
