// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <bit>
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
/// room, the owner brings larger storage.
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

    [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }
    [[nodiscard]] std::size_t size() const noexcept { return tail_ - head_; }
    [[nodiscard]] std::size_t room() const noexcept { return storage_.room(); }
    [[nodiscard]] bool is_out_of_room() const noexcept { return size() == storage_.room(); }

    void push(T&& item) noexcept { std::construct_at(storage_[tail_++], std::move(item)); }
    [[nodiscard]] T& first() noexcept { return *storage_[head_]; }
    void drop_first() noexcept { std::destroy_at(storage_[head_++]); }
    [[nodiscard]] T& last() noexcept { return *storage_[tail_ - 1]; }
    void drop_last() noexcept { std::destroy_at(storage_[--tail_]); }

    /// Moves into `larger`, which holds what the items lay in afterwards.
    void move_to(item_storage<T>& larger) noexcept {
        for (std::size_t i = head_; i != tail_; ++i) {
            std::construct_at(larger[i], std::move(*storage_[i]));
            std::destroy_at(storage_[i]);
        }
        storage_.swap(larger);
    }

    void swap(item_ring& other) noexcept {
        storage_.swap(other.storage_);
        std::swap(head_, other.head_);
        std::swap(tail_, other.tail_);
    }

private:
    item_storage<T> storage_;
    std::size_t head_ = 0;  // both count on and on; positions are taken modulo the room
    std::size_t tail_ = 0;
};

}  // namespace mioco::detail
