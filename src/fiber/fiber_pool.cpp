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

void fiber_pool::end_rent() noexcept {
    {
        const std::scoped_lock held(lock_);
        tenant_ = nullptr;
    }
    const std::scoped_lock held(vacant_lock);
    next_vacant_ = std::exchange(first_vacant, this);
}

fiber* fiber_pool::take(std::size_t count) {
    fiber* list = nullptr;
    {
        const std::scoped_lock held(lock_);
        for (std::size_t i = 0; i < count && free_ != nullptr; ++i) {
            fiber* const block = std::exchange(free_, free_->next);
            block->next = list;
            list = block;
        }
    }
    if (list != nullptr) return list;
    list = all_fibers.take(count);
    if (list == nullptr) {
        if (!all_fibers.is_full()) throw std::bad_alloc();
        throw std::system_error(errc::too_many_fibers,
                                "mioco: a process has at most 16777215 fibers at once");
    }
    for (fiber* block = list; block != nullptr; block = block->next) block->pool = this;
    return list;
}

void fiber_pool::give(fiber* first) noexcept {
    const std::scoped_lock held(lock_);
    while (first != nullptr) {
        fiber* const following = first->next;
        first->next = std::exchange(free_, first);
        first = following;
    }
}

bool fiber_pool::fail_tenant(std::uint32_t tenancy, const std::exception_ptr& error) noexcept {
    const std::scoped_lock held(lock_);
    if (tenant_ == nullptr || tenancy_ != tenancy ||
        tenant_->settings().uncaught != on_uncaught::rethrow)
        return false;
    tenant_->fail(error);
    return true;
}

void fiber_cache::refill() {
    free_ = pool_.take(batch);
    for (const fiber* block = free_; block != nullptr; block = block->next) ++count_;
}

// The most recently used half stays.
void fiber_cache::give_half() noexcept {
    fiber* last_kept = free_;
    for (std::size_t i = 1; i < batch; ++i) last_kept = last_kept->next;
    pool_.give(std::exchange(last_kept->next, nullptr));
    count_ = batch;
}

}  // namespace mioco::detail
