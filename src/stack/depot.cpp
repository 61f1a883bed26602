// SPDX-License-Identifier: MPL-2.0
#include "stack/depot.hpp"

#include <algorithm>
#include <array>
#include <mutex>

#include "base/never_destroyed.hpp"
#include "base/sys.hpp"
#include "context/sanitizer.hpp"
#include "stack/guard.hpp"

namespace mioco::detail {

namespace {

constexpr std::size_t most_warm = 1024;  // free stacks that keep some pages for ever, a kind
constexpr std::size_t kept_bytes =
    std::size_t{16} * 1024;  // what a warm stack keeps: most fibers stay within it
constexpr nanoseconds_t age_interval_ns = 1'000'000'000;
constexpr std::size_t aged_at_once = 256;
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
            for (const std::uint8_t marks : {std::uint8_t{0}, stack_kind::guarded_mark})
                depots[size_log2][marks].kind_ = {size_log2, marks};
        }
    }
};

std::atomic<nanoseconds_t> stack_depot::next_age{never};

stack_depot::all_kinds& stack_depot::all() noexcept {
    static never_destroyed<all_kinds> kinds;
    return kinds.value;
}

stack_depot& stack_depot::of(stack_kind kind) noexcept {
    return all().depots[kind.size_log2][kind.marks];
}

stack stack_depot::take() noexcept {
    const std::scoped_lock held(lock_);
    if (used_count() != 0) return take_used();
    for (auto* free : {&warm_, &cold_}) {
        if (free->empty()) continue;
        std::byte* const base = free->back();
        free->pop_back();
        return {base, kind_};
    }
    return carve();
}

stack stack_depot::take_used() noexcept {
    std::byte* const base = used_.back();
    used_.pop_back();
    unneeded_ = std::min(unneeded_, used_count());
    return {base, kind_};
}

stack stack_depot::carve() noexcept {
    if (slab_next_ == slab_end_ && !reserve_slab()) return {};
    const stack fresh{slab_next_, kind_};
    if (kind_.is_guarded()) {
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
    {
        const std::scoped_lock held(lock_);
        used_.push_back(freed.base);
    }
    if (age_due() == never) next_age.store(0, std::memory_order_relaxed);
}

// [locked] What was taken stays where it is until it is half of all, so that a million of them is not moved for each few.
std::size_t stack_depot::take_unneeded(std::span<std::byte*> into) noexcept {
    const std::size_t count = std::min(unneeded_, into.size());
    const auto begin = used_.begin() + static_cast<std::ptrdiff_t>(first_used_);
    std::copy_n(begin, count, into.begin());
    first_used_ += count;
    unneeded_ -= count;
    if (first_used_ > used_.size() / 2) {
        used_.erase(used_.begin(), used_.begin() + static_cast<std::ptrdiff_t>(first_used_));
        first_used_ = 0;
    }
    return count;
}

stack_depot::left stack_depot::age(ageing what) noexcept {
    std::array<std::byte*, aged_at_once> aged;
    std::size_t count = 0;
    left still = left::none;
    {
        const std::scoped_lock held(lock_);
        const bool is_done = what == ageing::the_rest_of_it && unneeded_ == 0;
        count = take_unneeded(aged);
        if (unneeded_ != 0) {
            still = left::for_now;
        } else if (used_count() != 0) {
            still = left::for_later;
            if (!is_done) unneeded_ = used_count();
        }
    }
    give_pages_back(std::span(aged).first(count));
    return still;
}

// Outside of the lock, as each takes about a microsecond.
void stack_depot::give_pages_back(std::span<std::byte* const> aged) noexcept {
    const std::size_t usable = kind_.size_bytes() - kind_.guard_bytes();
    for (std::byte* const base : aged) {
        lock_.lock();
        const bool warm = warm_.size() < most_warm;
        lock_.unlock();
        const std::size_t dropped = warm ? usable - std::min(usable, kept_bytes) : usable;
        if (dropped != 0) sys::drop_pages(stack{base, kind_}.bottom(), dropped);
        const std::scoped_lock held(lock_);
        (warm ? warm_ : cold_).push_back(base);
    }
}

void stack_depot::age_all(nanoseconds_t now) noexcept {
    static lock guard;
    static ageing what = ageing::of_an_interval;
    const std::unique_lock alone(guard, std::try_to_lock);
    if (!alone || age_due() > now) return;
    next_age.store(never, std::memory_order_relaxed);
    left most = left::none;
    for (auto& of_a_size : all().depots) {
        for (stack_depot& each : of_a_size) most = std::max(most, each.age(what));
    }
    what = most == left::for_now ? ageing::the_rest_of_it : ageing::of_an_interval;
    if (most == left::for_now) next_age.store(now, std::memory_order_relaxed);
    if (most == left::for_later) next_age.store(now + age_interval_ns, std::memory_order_relaxed);
}

void stack_depot::age_all_at_once() noexcept {
    for (auto& of_a_size : all().depots) {
        for (stack_depot& each : of_a_size) {
            // What is there now has lain there long enough then.
            while (each.age(ageing::of_an_interval) == left::for_now) {
            }
            while (each.age(ageing::of_an_interval) == left::for_now) {
            }
        }
    }
}

stack_magazine::~stack_magazine() {
    while (count_ != 0) stack_depot::of(kind_).give({stacks_[--count_], kind_});
}

stack stack_magazine::take(stack_kind kind) noexcept {
    if (const stack cached = take_cached(kind)) return cached;
    return stack_depot::of(kind).take();
}

bool stack_magazine::give(stack freed) noexcept {
    if (freed.kind != kind_) return false;
    if (count_ == capacity) {
        // The older half goes, so that a worker which only ends fibers and one which only starts them do not meet at the
        // depot's lock each time.
        for (std::size_t i = 0; i < capacity / 2; ++i)
            stack_depot::of(kind_).give({stacks_[i], kind_});
        std::copy(stacks_ + capacity / 2, stacks_ + capacity, stacks_);
        count_ = capacity / 2;
    }
    stacks_[count_++] = freed.base;
    return true;
}

}  // namespace mioco::detail
