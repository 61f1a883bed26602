// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <vector>

#include <mioco/detail/deadline.hpp>

#include "base/lock.hpp"
#include "stack/stack.hpp"

namespace mioco::detail {

/// The process's free stacks of one kind: used ones, which have pages, before new ones from a slab. Address space is never
/// unmapped, so that a stack's guard stays in place. Pages go back when nobody has needed them for a while: a program that has as many
/// fibers again finds them, and pays neither for giving them up nor for getting others.
class stack_depot {
public:
    static stack_depot& of(stack_kind kind) noexcept;

    /// An empty stack when the system has none to give; `last_error` then holds why.
    stack take() noexcept;
    void give(stack freed) noexcept;

    /// When `age_all` is to be called next, by the system's clock; `never` while there is nothing to give back.
    [[nodiscard]] static nanoseconds_t age_due() noexcept {
        return next_age.load(std::memory_order_relaxed);
    }
    /// Gives back pages of stacks that nobody has needed since about a second ago, but of some only those that few fibers need. No more
    /// of them at once than takes some hundred microseconds; then it is due again.
    static void age_all(nanoseconds_t now) noexcept;
    /// The same at once, of all free ones.
    static void age_all_at_once() noexcept;

    /// The errno value of the last failed `take`.
    [[nodiscard]] int last_error() const noexcept { return last_error_; }

private:
    struct all_kinds;

    static all_kinds& all() noexcept;
    [[nodiscard]] std::size_t used_count() const noexcept { return used_.size() - first_used_; }
    stack take_used() noexcept;
    stack carve() noexcept;
    bool reserve_slab() noexcept;
    enum class left { none, for_later, for_now };
    enum class ageing { of_an_interval, the_rest_of_it };
    left age(ageing what) noexcept;
    std::size_t take_unneeded(std::span<std::byte*> into) noexcept;
    void give_pages_back(std::span<std::byte* const> aged) noexcept;

    // `never` only if no depot has used stacks that nobody will age: it is set before the depots are looked at, each under its lock, and who gives
    // a stack looks at it after that.
    static std::atomic<nanoseconds_t> next_age;

    stack_kind kind_;
    lock lock_;
    std::vector<std::byte*>
        used_;  // as they were left, from `first_used_` on; the last one in is the first one out
    std::size_t first_used_ = 0;
    std::size_t unneeded_ = 0;      // of these, the first: have lain there for an interval
    std::vector<std::byte*> warm_;  // have few pages
    std::vector<std::byte*> cold_;  // gave their pages back
    std::byte* slab_next_ = nullptr;
    std::byte* slab_end_ = nullptr;
    int last_error_ = 0;
};

/// A worker's own few stacks of its runtime's default kind: taking and giving back without a lock.
class stack_magazine {
public:
    explicit stack_magazine(stack_kind kind) noexcept : kind_(kind) {}
    ~stack_magazine();
    stack_magazine(const stack_magazine&) = delete;
    stack_magazine& operator=(const stack_magazine&) = delete;

    /// At once, or an empty stack.
    stack take_cached(stack_kind kind) noexcept {
        if (count_ == 0 || kind != kind_) return {};
        return {stacks_[--count_], kind_};
    }
    /// From the depot if need be, with system calls; empty if there is none.
    stack take(stack_kind kind) noexcept;
    /// False, and nothing done, for a stack of another kind.
    bool give(stack freed) noexcept;

private:
    static constexpr std::size_t capacity = 64;

    stack_kind kind_;
    std::size_t count_ = 0;
    std::byte* stacks_[capacity];
};

}  // namespace mioco::detail
