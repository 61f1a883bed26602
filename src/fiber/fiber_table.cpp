// SPDX-License-Identifier: MPL-2.0
#include "fiber/fiber_table.hpp"

#include <new>
#include <system_error>

#include <mioco/error.hpp>

namespace mioco::detail {

static_assert(sizeof(context) != sizeof(void*) || sizeof(fiber) == 256, "the memory of a parked fiber counts");

constinit fiber_table all_fibers;

namespace {

fiber* take_blocks(std::size_t count) {
    fiber* const list = all_fibers.take(count);
    if (list != nullptr) return list;
    if (!all_fibers.is_full()) throw std::bad_alloc();
    throw std::system_error(errc::too_many_fibers, "mioco: a process has at most 16777215 fibers at once");
}

}  // namespace

fiber& take_fiber_block() { return *take_blocks(1); }

fiber& fiber_cache::take() {
    if (free_ == nullptr) {
        free_ = take_blocks(batch);
        for (const fiber* block = free_; block != nullptr; block = block->next) ++count_;
    }
    fiber& block = *free_;
    free_ = block.next;
    --count_;
    return block;
}

void fiber_cache::give(fiber& block) noexcept {
    block.next = free_;
    free_ = &block;
    if (++count_ < 2 * batch) return;
    // The most recently used half stays.
    fiber* last_kept = free_;
    for (std::size_t i = 1; i < batch; ++i) last_kept = last_kept->next;
    all_fibers.give(last_kept->next);
    last_kept->next = nullptr;
    count_ = batch;
}

}  // namespace mioco::detail
