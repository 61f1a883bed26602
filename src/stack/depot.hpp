// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "base/lock.hpp"
#include "stack/stack.hpp"

namespace mioco::detail {

/// The process's free stacks of one kind: used ones, which have pages, before new ones from a slab. Address space is never
/// unmapped, so that a stack's guard stays in place; what is free beyond a bound gives its pages back.
class stack_depot {
public:
    static stack_depot& of(stack_kind kind) noexcept;

    /// An empty stack when the system has none to give; `last_error` then holds why.
    stack take() noexcept;
    void give(stack freed) noexcept;

    /// The errno value of the last failed `take`.
    [[nodiscard]] int last_error() const noexcept { return last_error_; }

private:
    struct all_kinds;

    stack carve() noexcept;
    bool reserve_slab() noexcept;

    stack_kind kind_;
    lock lock_;
    std::vector<std::byte*> warm_;  // have pages; the last one in is the first one out
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
    void give(stack freed) noexcept;

private:
    static constexpr std::size_t capacity = 64;

    stack_kind kind_;
    std::size_t count_ = 0;
    std::byte* stacks_[capacity];
};

}  // namespace mioco::detail
