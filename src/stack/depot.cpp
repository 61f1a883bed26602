// SPDX-License-Identifier: MPL-2.0
#include "stack/depot.hpp"

#include <algorithm>
#include <mutex>

#include "base/never_destroyed.hpp"
#include "base/sys.hpp"
#include "context/sanitizer.hpp"
#include "stack/guard.hpp"

namespace mioco::detail {

namespace {

constexpr std::size_t most_warm = 1024;  // free stacks that keep their pages, a kind
constexpr std::size_t kept_bytes =
    std::size_t{16} * 1024;  // what a warm stack keeps: most fibers stay within it
constexpr std::size_t slab_bytes = std::size_t{64} << 20;

void register_with_tools([[maybe_unused]] const stack& fresh) noexcept {
#if defined(MIOCO_VALGRIND)
    static_cast<void>(
        VALGRIND_STACK_REGISTER(fresh.bottom(), fresh.base + fresh.kind.size_bytes()));
#endif
}

}  // namespace

struct stack_depot::all_kinds {
    stack_depot depots[64][2];

    all_kinds() noexcept {
        for (std::uint8_t size_log2 = 0; size_log2 < 64; ++size_log2) {
            for (const bool guarded : {false, true})
                depots[size_log2][guarded ? 1 : 0].kind_ = {size_log2, guarded};
        }
    }
};

stack_depot& stack_depot::of(stack_kind kind) noexcept {
    static never_destroyed<all_kinds> kinds;
    return kinds.value.depots[kind.size_log2][kind.guarded ? 1 : 0];
}

stack stack_depot::take() noexcept {
    const std::scoped_lock held(lock_);
    for (auto* free : {&warm_, &cold_}) {
        if (free->empty()) continue;
        std::byte* const base = free->back();
        free->pop_back();
        return {base, kind_};
    }
    return carve();
}

stack stack_depot::carve() noexcept {
    if (slab_next_ == slab_end_ && !reserve_slab()) return {};
    const stack fresh{slab_next_, kind_};
    if (kind_.guarded) {
        last_error_ = install_guard(fresh.base, kind_.guard_bytes());
        if (last_error_ != 0) return {};
    }
    slab_next_ += kind_.size_bytes();
    register_with_tools(fresh);
    return fresh;
}

bool stack_depot::reserve_slab() noexcept {
    const std::size_t size = std::max(slab_bytes, kind_.size_bytes());
    // Twice the alignment's worth is not needed: stacks need only page alignment, but their tops' colours count on multiples
    // of the size, so one stack's worth more is mapped and the unaligned ends stay unused.
    const long mapped = sys::map_anonymous(size + kind_.size_bytes());
    if (mapped < 0) {
        last_error_ = static_cast<int>(-mapped);
        return false;
    }
    // Before the first touch: a huge page would make 2 MiB of the first stack that is used.
    sys::no_huge_pages(reinterpret_cast<void*>(mapped), size + kind_.size_bytes());
    const auto mask = static_cast<std::uintptr_t>(kind_.size_bytes()) - 1;
    slab_next_ = reinterpret_cast<std::byte*>((static_cast<std::uintptr_t>(mapped) + mask) & ~mask);
    slab_end_ = slab_next_ + size;
    return true;
}

void stack_depot::give(stack freed) noexcept {
    const std::size_t usable = kind_.size_bytes() - kind_.guard_bytes();
    bool warm = false;
    {
        const std::scoped_lock held(lock_);
        warm = warm_.size() < most_warm;
    }
    // Outside of the lock, as it may take microseconds. A few more stacks than the bound may come out warm.
    const std::size_t dropped = warm ? usable - std::min(usable, kept_bytes) : usable;
    if (dropped != 0) sys::drop_pages(freed.bottom(), dropped);
    const std::scoped_lock held(lock_);
    (warm ? warm_ : cold_).push_back(freed.base);
}

stack_magazine::~stack_magazine() {
    while (count_ != 0) stack_depot::of(kind_).give({stacks_[--count_], kind_});
}

stack stack_magazine::take(stack_kind kind) noexcept {
    if (const stack cached = take_cached(kind)) return cached;
    return stack_depot::of(kind).take();
}

void stack_magazine::give(stack freed) noexcept {
    if (freed.kind != kind_) return stack_depot::of(freed.kind).give(freed);
    if (count_ == capacity) {
        // The older half goes, so that a worker which only ends fibers and one which only starts them do not meet at the
        // depot's lock each time.
        for (std::size_t i = 0; i < capacity / 2; ++i)
            stack_depot::of(kind_).give({stacks_[i], kind_});
        std::copy(stacks_ + capacity / 2, stacks_ + capacity, stacks_);
        count_ = capacity / 2;
    }
    stacks_[count_++] = freed.base;
}

}  // namespace mioco::detail
