// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>

#include "base/lock.hpp"
#include "fiber/fiber.hpp"

namespace mioco::detail {

/// The control blocks that a runtime uses. A runtime rents a pool for its life; then another one may. So a block stays within one
/// runtime at a time, and what may still speak of it when its fiber is gone (an entry in a timer heap, a thread that is
/// about to push one) belongs to the runtime whose fiber it is next.
class fiber_pool {
public:
    /// A pool that nobody rents.
    static fiber_pool& rent(runtime_core& tenant);
    /// Of plain threads' blocks, rented for ever.
    static fiber_pool& of_threads() noexcept;
    /// Blocks that are still in use come back later.
    void end_rent() noexcept;

    /// One block, or several as a list. Throws `errc::too_many_fibers` or std::bad_alloc.
    fiber* take(std::size_t count);
    /// Takes a list of blocks back.
    void give(fiber* first) noexcept;

    /// Changes with each tenant.
    [[nodiscard]] std::uint32_t tenancy() const noexcept { return tenancy_; }

    /// For an exception that nobody joins and whose fiber was made under this tenancy: tells the tenant, if it is still the same
    /// and wants to rethrow. False: it is only to be reported.
    bool fail_tenant(std::uint32_t tenancy, const std::exception_ptr& error) noexcept;

private:
    lock lock_;
    fiber* free_ = nullptr;
    runtime_core* tenant_ = nullptr;
    std::uint32_t tenancy_ = 0;  // written while no fiber of the pool is being made
    fiber_pool* next_vacant_ = nullptr;
};

/// A worker's own few free blocks of its runtime's pool.
class fiber_cache {
public:
    explicit fiber_cache(fiber_pool& pool) noexcept : pool_(pool) {}
    ~fiber_cache() { pool_.give(free_); }
    fiber_cache(const fiber_cache&) = delete;
    fiber_cache& operator=(const fiber_cache&) = delete;

    [[nodiscard]] fiber_pool& pool() const noexcept { return pool_; }
    /// Throws as `fiber_pool::take`.
    fiber& take() {
        if (free_ == nullptr) refill();
        fiber& block = *free_;
        free_ = block.next;
        --count_;
        return block;
    }
    void give(fiber& block) noexcept {
        block.next = free_;
        free_ = &block;
        if (++count_ >= 2 * batch) give_half();
    }

private:
    static constexpr std::size_t batch = 32;

    void refill();
    void give_half() noexcept;

    fiber_pool& pool_;
    fiber* free_ = nullptr;
    std::size_t count_ = 0;
};

}  // namespace mioco::detail
