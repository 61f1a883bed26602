// SPDX-License-Identifier: MPL-2.0
#include "fiber/fiber_pool.hpp"

#include <mutex>
#include <new>
#include <system_error>
#include <utility>

#include <mioco/error.hpp>

#include "base/never_destroyed.hpp"
#include "fiber/fiber_table.hpp"
#include "runtime/runtime_core.hpp"

namespace mioco::detail {

namespace {
constinit lock vacant_lock;
constinit fiber_pool* first_vacant = nullptr;
}  // namespace

fiber_pool& fiber_pool::rent(runtime_core& tenant) {
    fiber_pool* pool = nullptr;
    {
        const std::scoped_lock held(vacant_lock);
        pool = first_vacant;
        if (pool != nullptr) first_vacant = pool->next_vacant_;
    }
    // Never destroyed: handles may give blocks back at any time.
    if (pool == nullptr) pool = new fiber_pool;
    const std::scoped_lock held(pool->lock_);
    ++pool->tenancy_;
    pool->tenant_ = &tenant;
    return *pool;
}

fiber_pool& fiber_pool::of_threads() noexcept {
    static never_destroyed<fiber_pool> pool;
    return pool.value;
}

void fiber_pool::forget_tenant() noexcept {
    const std::scoped_lock held(lock_);
    tenant_ = nullptr;
}

void fiber_pool::end_rent() noexcept {
    const std::scoped_lock held(vacant_lock);
    next_vacant_ = std::exchange(first_vacant, this);
}

fiber_pool::batch fiber_pool::take_batch() {
    {
        const std::scoped_lock held(lock_);
        if (batches_ != nullptr) return {pop_batch(), batch_size};
        if (loose_ != nullptr)
            return {std::exchange(loose_, nullptr), std::exchange(loose_count_, 0)};
    }
    return make_blocks(batch_size);
}

fiber* fiber_pool::pop_batch() noexcept {
    fiber* const first = batches_;
    batches_ = static_cast<fiber*>(std::exchange(first->storage, nullptr));
    return first;
}

fiber& fiber_pool::take_one() {
    {
        const std::scoped_lock held(lock_);
        if (loose_ == nullptr && batches_ != nullptr) {
            loose_ = pop_batch();
            loose_count_ = batch_size;
        }
        if (loose_ != nullptr) {
            --loose_count_;
            return *std::exchange(loose_, loose_->next);
        }
    }
    return *make_blocks(1).first;
}

fiber_pool::batch fiber_pool::make_blocks(std::size_t count) {
    fiber* const list = all_fibers.take(count);
    if (list == nullptr) {
        if (!all_fibers.is_full()) throw std::bad_alloc();
        throw std::system_error(errc::too_many_fibers,
                                "mioco: a process has at most 16777215 fibers at once");
    }
    std::size_t made = 0;
    for (fiber* block = list; block != nullptr; block = block->next) {
        block->pool = this;
        ++made;
    }
    return {list, made};
}

void fiber_pool::give(fiber& block) noexcept {
    const std::scoped_lock held(lock_);
    block.next = std::exchange(loose_, &block);
    if (++loose_count_ < batch_size) return;
    loose_count_ = 0;
    block.storage = std::exchange(batches_, std::exchange(loose_, nullptr));
}

void fiber_pool::give_batch(fiber* first) noexcept {
    const std::scoped_lock held(lock_);
    first->storage = std::exchange(batches_, first);
}

bool fiber_pool::fail_tenant(std::uint32_t tenancy, const std::exception_ptr& error) noexcept {
    const std::scoped_lock held(lock_);
    if (tenant_ == nullptr || tenancy_ != tenancy ||
        tenant_->settings().uncaught != on_uncaught::rethrow)
        return false;
    tenant_->fail(error);
    return true;
}

void fiber_pool::refuse_outsiders(std::uint32_t tenancy, const char* did) noexcept {
    const std::scoped_lock held(lock_);
    if (tenant_ != nullptr && tenancy_ == tenancy) tenant_->refuse_outsiders(did);
}

fiber_cache::~fiber_cache() {
    while (free_ != nullptr) pool_.give(*std::exchange(free_, free_->next));
}

void fiber_cache::refill() {
    const fiber_pool::batch taken = pool_.take_batch();
    free_ = taken.first;
    count_ = taken.count;
}

// The most recently used half stays.
void fiber_cache::give_half() noexcept {
    fiber* last_kept = free_;
    for (std::size_t i = 1; i < fiber_pool::batch_size; ++i) last_kept = last_kept->next;
    pool_.give_batch(std::exchange(last_kept->next, nullptr));
    count_ = fiber_pool::batch_size;
}

}  // namespace mioco::detail
