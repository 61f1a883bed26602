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
    /// What is thrown in its fibers is no longer told to the tenant, who is about to end.
    void forget_tenant() noexcept;
    /// [after that] Somebody else may rent it. Blocks that are still in use come back later.
    void end_rent() noexcept;

    static constexpr std::size_t batch_size = 32;
    struct batch {
        fiber* first;  // linked by `next`
        std::size_t count;
    };
    /// Some free blocks, a batch at most. Throws `errc::too_many_fibers` or std::bad_alloc.
    batch take_batch();
    /// One of them. Throws likewise.
    fiber& take_one();
    /// Takes a block back.
    void give(fiber& block) noexcept;
    /// Takes a list of `batch_size` back.
    void give_batch(fiber* first) noexcept;

    /// Changes with each tenant.
    [[nodiscard]] std::uint32_t tenancy() const noexcept { return tenancy_; }

    /// For an exception that nobody joins and whose fiber was made under this tenancy: tells the tenant, if it is still the same
    /// and wants to rethrow. False: it is only to be reported.
    bool fail_tenant(std::uint32_t tenancy, const std::exception_ptr& error) noexcept;
    /// [any thread] As the runtime's, for a fiber that was made under this tenancy, and may be gone with its runtime.
    void refuse_outsiders(std::uint32_t tenancy, const char* did) noexcept;

private:
    fiber* pop_batch() noexcept;
    batch make_blocks(std::size_t count);

    lock lock_;
    // Whole batches, handed on without a walk through blocks that are no longer in the cache: the `storage` of each one's first
    // block is the next batch.
    fiber* batches_ = nullptr;
    fiber* loose_ = nullptr;  // fewer than a batch
    std::size_t loose_count_ = 0;
    runtime_core* tenant_ = nullptr;
    std::uint32_t tenancy_ = 0;  // written while no fiber of the pool is being made
    fiber_pool* next_vacant_ = nullptr;
};

/// A worker's own few free blocks of its runtime's pool.
class fiber_cache {
public:
    explicit fiber_cache(fiber_pool& pool) noexcept : pool_(pool) {}
    ~fiber_cache();
    fiber_cache(const fiber_cache&) = delete;
    fiber_cache& operator=(const fiber_cache&) = delete;

    [[nodiscard]] fiber_pool& pool() const noexcept { return pool_; }
    /// Throws as `fiber_pool::take`.
    fiber& take() {
        if (free_ == nullptr) refill();
        fiber& block = *free_;
        free_ = block.next;
        if (free_ != nullptr) prefetch(*free_);
        --count_;
        return block;
    }
    void give(fiber& block) noexcept {
        block.next = free_;
        free_ = &block;
        if (++count_ >= 2 * fiber_pool::batch_size) give_half();
    }

private:
    // For the next spawn, which writes to all of it.
    static void prefetch(const fiber& block) noexcept {
        const auto* const bytes = reinterpret_cast<const std::byte*>(&block);
        for (std::size_t line = 0; line < sizeof(fiber); line += 64)
            __builtin_prefetch(bytes + line, 1);
    }

    void refill();
    void give_half() noexcept;

    fiber_pool& pool_;
    fiber* free_ = nullptr;
    std::size_t count_ = 0;
};

}  // namespace mioco::detail
