// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include <mioco/detail/item_ring.hpp>
#include <mioco/detail/spin_lock.hpp>
#include <mioco/detail/sync.hpp>
#include <mioco/detail/wait_queue.hpp>

namespace mioco::detail {

/// What became of an attempt to send or to receive.
enum class transfer : std::uint8_t { done, would_wait, closed, out_of_room };

/// What the ends of a channel share. `guard` is over all but the counts of ends.
///
/// An item goes to the first receiver in line, if there is one: then the buffer is empty. A sender waits only when the buffer is
/// full: then the item that it holds belongs behind the buffered ones.
template <class T, class Sync = system_sync>
class channel_state {
    static_assert(
        std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
        "a channel's items must move without throwing: on their way nobody could catch it");

public:
    static constexpr std::size_t unbounded = static_cast<std::size_t>(-1);

    explicit channel_state(std::size_t capacity)
        : buffer_(capacity == 0 ? item_storage<T>() : item_storage<T>(first_room(capacity))),
          capacity_(capacity),
          must_try_(capacity == 0) {}

    basic_spin_lock<Sync> guard;
    arm_queue senders;    // each arm's item: a T to move away
    arm_queue receivers;  // each arm's item: an empty optional<T>

    // Ends of each kind, and both together, which keep the state alive.
    std::atomic<std::uint32_t> sender_count{1};
    std::atomic<std::uint32_t> receiver_count{1};
    std::atomic<std::uint32_t> shares{2};

    /// [guarded] Moves the item away if `done`.
    transfer send_now(T& item, wake_up& woken) noexcept {
        if (closed_) [[unlikely]]
            return transfer::closed;
        if (!receivers.empty() && give_to_receiver(item, woken)) return transfer::done;
        if (buffer_.size() >= capacity_) return transfer::would_wait;
        if (buffer_.is_out_of_room()) [[unlikely]]
            return transfer::out_of_room;
        buffer_.push(std::move(item));
        return transfer::done;
    }

    /// [guarded]
    transfer receive_now(std::optional<T>& into, wake_up& woken) noexcept {
        if (!buffer_.empty()) [[likely]] {
            into.emplace(std::move(buffer_.first()));
            drop_first_buffered(woken);
            return transfer::done;
        }
        if (!senders.empty() && take_from_sender(into, woken)) return transfer::done;
        return closed_ ? transfer::closed : transfer::would_wait;
    }

    // Looks without the guard: false if an attempt would have to wait, or would have had to a moment ago.
    [[nodiscard]] bool may_take_item() const noexcept {
        return buffer_.size() < capacity_ || must_try();
    }
    [[nodiscard]] bool may_have_item() const noexcept { return !buffer_.empty() || must_try(); }

    /// [guarded] The oldest item, or null; it is moved away, and then dropped.
    [[nodiscard]] T* first_buffered() noexcept {
        return buffer_.empty() ? nullptr : &buffer_.first();
    }
    /// [guarded]
    void drop_first_buffered(wake_up& woken) noexcept {
        buffer_.drop_first();
        if (!senders.empty()) refill(woken);
    }

    /// Makes room for more items than are in the buffer now.
    void grow(std::size_t room) {
        item_storage<T> larger(std::max<std::size_t>(2 * room, 1));
        const std::scoped_lock held(guard);
        if (buffer_.room() < larger.room()) buffer_.move_to(larger);
    }
    /// [guarded]
    [[nodiscard]] std::size_t room() const noexcept { return buffer_.room(); }

    /// Ends the channel for senders: who waits in it is woken.
    void close() noexcept {
        wake_list woken;
        {
            // All at once: what is exhausted stays so.
            const std::scoped_lock held(guard);
            closed_ = true;
            must_try_.store(true, std::memory_order_relaxed);
            for (arm_queue* const line : {&senders, &receivers}) {
                while (queued_arm* const arm = line->pop()) {
                    arm->refused = true;
                    woken.claim(*arm);
                }
            }
        }
        woken.carry_out();
    }

    /// The same, and destroys what nobody will receive.
    void abandon() noexcept {
        close();
        item_ring<T> unreceived;
        const std::scoped_lock held(guard);
        buffer_.swap(unreceived);
    }

    [[nodiscard]] std::size_t size() noexcept {
        const std::scoped_lock held(guard);
        return buffer_.size();
    }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] bool is_closed() noexcept {
        const std::scoped_lock held(guard);
        return closed_;
    }
    [[nodiscard]] bool is_exhausted() noexcept {
        const std::scoped_lock held(guard);
        return closed_ && buffer_.empty();
    }

    void drop_share() noexcept {
        if (shares.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

private:
    // Whether the buffer does not tell: the channel is closed, or has none.
    [[nodiscard]] bool must_try() const noexcept {
        return must_try_.load(std::memory_order_relaxed);
    }

    // A large bound costs its memory only when it is used.
    static std::size_t first_room(std::size_t capacity) noexcept {
        constexpr std::size_t at_once = std::max<std::size_t>(1, std::size_t{8192} / sizeof(T));
        return std::bit_ceil(std::min(capacity, at_once));
    }

    // Items are moved before the claim, as the frame is the waiter's again when that succeeds; and back if it fails.
    static void put_back(T& from, T& to) noexcept {
        std::destroy_at(&to);
        std::construct_at(&to, std::move(from));
    }

    bool give_to_receiver(T& item, wake_up& woken) noexcept {
        while (queued_arm* const receiver = receivers.pop()) {
            auto& into = *static_cast<std::optional<T>*>(receiver->item);
            into.emplace(std::move(item));
            woken = wake_up::claim(*receiver);
            if (woken) return true;
            put_back(*into, item);
            into.reset();
        }
        return false;
    }

    bool take_from_sender(std::optional<T>& into, wake_up& woken) noexcept {
        while (queued_arm* const sender = senders.pop()) {
            T& item = *static_cast<T*>(sender->item);
            into.emplace(std::move(item));
            woken = wake_up::claim(*sender);
            if (woken) return true;
            put_back(*into, item);
            into.reset();
        }
        return false;
    }

    void refill(wake_up& woken) noexcept {
        while (queued_arm* const sender = senders.pop()) {
            T& item = *static_cast<T*>(sender->item);
            buffer_.push(std::move(item));
            woken = wake_up::claim(*sender);
            if (woken) return;
            put_back(buffer_.last(), item);
            buffer_.drop_last();
        }
    }

    item_ring<T> buffer_;
    const std::size_t capacity_;
    bool closed_ = false;
    std::atomic<bool> must_try_;  // set under the guard, and looked at without it
};

}  // namespace mioco::detail
