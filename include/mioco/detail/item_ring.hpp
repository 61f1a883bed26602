// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace mioco::detail {

/// Room for so many items, in memory of its own.
template <class T>
class item_storage {
public:
    item_storage() noexcept = default;
    /// `room`: a power of two.
    explicit item_storage(std::size_t room)
        : slots_(std::allocator<T>().allocate(room)), room_(room) {}
    item_storage(item_storage&& other) noexcept { swap(other); }
    item_storage& operator=(item_storage&& other) noexcept {
        swap(other);
        return *this;
    }
    item_storage(const item_storage&) = delete;
    item_storage& operator=(const item_storage&) = delete;
    ~item_storage() {
        if (slots_ != nullptr) std::allocator<T>().deallocate(slots_, room_);
    }

    void swap(item_storage& other) noexcept {
        std::swap(slots_, other.slots_);
        std::swap(room_, other.room_);
    }

    [[nodiscard]] std::size_t room() const noexcept { return room_; }
    T* operator[](std::size_t position) const noexcept { return slots_ + (position & (room_ - 1)); }

private:
    T* slots_ = nullptr;
    std::size_t room_ = 0;
};

/// A queue of items in a ring. It takes no memory by itself, so that nothing is allocated under its owner's lock: when it is out of
/// room, the owner brings larger storage. All is guarded by its owner, but for a look at how many there are.
template <class T>
class item_ring {
public:
    item_ring() noexcept = default;
    explicit item_ring(item_storage<T> storage) noexcept : storage_(std::move(storage)) {}
    item_ring(const item_ring&) = delete;
    item_ring& operator=(const item_ring&) = delete;
    ~item_ring() {
        while (!empty()) drop_first();
    }

    /// [any] As is `size`; unguarded, a moment old.
    [[nodiscard]] bool empty() const noexcept { return value_of(head_) == value_of(tail_); }
    [[nodiscard]] std::size_t size() const noexcept { return value_of(tail_) - value_of(head_); }
    [[nodiscard]] std::size_t room() const noexcept { return storage_.room(); }
    [[nodiscard]] bool is_out_of_room() const noexcept { return size() == storage_.room(); }

    void push(T&& item) noexcept {
        std::construct_at(storage_[value_of(tail_)], std::move(item));
        advance(tail_, 1);
    }
    [[nodiscard]] T& first() noexcept { return *storage_[value_of(head_)]; }
    void drop_first() noexcept {
        std::destroy_at(&first());
        advance(head_, 1);
    }
    [[nodiscard]] T& last() noexcept { return *storage_[value_of(tail_) - 1]; }
    void drop_last() noexcept {
        std::destroy_at(&last());
        advance(tail_, -std::size_t{1});
    }

    /// Moves into `larger`, which holds what the items lay in afterwards.
    void move_to(item_storage<T>& larger) noexcept {
        for (std::size_t i = value_of(head_); i != value_of(tail_); ++i) {
            std::construct_at(larger[i], std::move(*storage_[i]));
            std::destroy_at(storage_[i]);
        }
        storage_.swap(larger);
    }

    void swap(item_ring& other) noexcept {
        storage_.swap(other.storage_);
        swap(head_, other.head_);
        swap(tail_, other.tail_);
    }

private:
    // Relaxed, and changed by one at a time: only that who looks on reads a number and no half of one.
    using position = std::atomic<std::size_t>;
    static std::size_t value_of(const position& at) noexcept {
        return at.load(std::memory_order_relaxed);
    }
    static void advance(position& at, std::size_t by) noexcept {
        at.store(value_of(at) + by, std::memory_order_relaxed);
    }
    static void swap(position& a, position& b) noexcept {
        const std::size_t before = value_of(a);
        a.store(value_of(b), std::memory_order_relaxed);
        b.store(before, std::memory_order_relaxed);
    }

    item_storage<T> storage_;
    position head_ = 0;  // both count on and on; positions are taken modulo the room
    position tail_ = 0;
};

}  // namespace mioco::detail
