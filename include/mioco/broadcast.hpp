// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Items that each receiver gets.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <mioco/detail/line.hpp>
#include <mioco/detail/line_arm.hpp>

namespace mioco {

/// What a receiver of a broadcast gets.
template <class T>
struct broadcast_item {
    T value;               ///< What was sent.
    std::uint64_t missed;  ///< How many before it were lost, as this receiver was too far behind.
};

namespace detail {

/// The latest items, each with its number. An item is shared, so that it is copied without the guard.
template <class T>
class broadcast_state {
    using list = std::vector<std::shared_ptr<const T>>;

public:
    static constexpr std::size_t most =
        static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) /
        sizeof(std::shared_ptr<const T>);

    // A large capacity costs its memory only when it is used.
    explicit broadcast_state(std::size_t capacity) : capacity_(capacity) {
        constexpr std::size_t at_once = 512;
        latest_.reserve(std::min(capacity, at_once));
    }

    bool send(T&& item) {
        auto shared = std::make_shared<const T>(std::move(item));
        wake_list woken;
        {
            std::unique_lock held(at.guard);
            while (!closed_ && is_out_of_room()) {
                const std::size_t room = latest_.capacity();
                held.unlock();
                grow(room);
                held.lock();
            }
            if (closed_) return false;
            if (latest_.size() < capacity_) {
                latest_.push_back(std::move(shared));
            } else {
                latest_[next_ % capacity_].swap(shared);
            }
            ++next_;
            woken.claim_all(at.waiting);
        }
        woken.carry_out();
        return true;
    }

    void close() noexcept {
        wake_list woken;
        {
            const std::scoped_lock held(at.guard);
            closed_ = true;
            woken.claim_all(at.waiting);
        }
        woken.carry_out();
    }

    /// [guarded] Whether a receiver that is to get that one next need not wait.
    [[nodiscard]] bool has(std::uint64_t number) const noexcept {
        return number < next_ || closed_;
    }

    /// The item that follows, and `position` moves behind it; nothing if there is none.
    std::optional<broadcast_item<T>> take(std::uint64_t& position) {
        std::shared_ptr<const T> item;
        std::uint64_t number = 0;
        {
            const std::scoped_lock held(at.guard);
            if (position == next_) return std::nullopt;
            const std::uint64_t oldest = next_ - latest_.size();
            number = std::max(position, oldest);
            item = latest_[number % capacity_];
        }
        broadcast_item<T> taken{*item, number - position};
        position = number + 1;
        return taken;
    }

    [[nodiscard]] std::uint64_t next() noexcept {
        const std::scoped_lock held(at.guard);
        return next_;
    }

    line at;
    std::atomic<std::uint32_t> senders{1};
    std::atomic<std::uint32_t> receivers{0};

private:
    [[nodiscard]] bool is_out_of_room() const noexcept {
        return latest_.size() == latest_.capacity() && latest_.size() < capacity_;
    }
    // Allocates without the guard.
    void grow(std::size_t room) {
        list larger;
        larger.reserve(std::min(2 * room, capacity_));
        const std::scoped_lock held(at.guard);
        if (latest_.capacity() >= larger.capacity()) return;
        std::ranges::move(latest_, std::back_inserter(larger));
        latest_.swap(larger);
    }

    const std::size_t capacity_;
    // Guarded
    list latest_;  // each item at its number, modulo the capacity
    std::uint64_t next_ = 0;
    bool closed_ = false;
};

}  // namespace detail

/// Receives all that is sent after it was made. When it falls behind by more than the capacity, the oldest are lost to it, and the
/// next item tells how many. A copy goes on from the same place. Used by one fiber or thread at a time. Of one that was moved from,
/// whatever receives throws `std::system_error` (`invalid_argument`).
template <class T>
class broadcast_receiver {
public:
    /// One more, at the same place.
    broadcast_receiver(const broadcast_receiver& other) noexcept
        : state_(other.state_), position_(other.position_) {
        if (state_ != nullptr) state_->receivers.fetch_add(1, std::memory_order_relaxed);
    }
    /// Takes the other's place.
    broadcast_receiver(broadcast_receiver&& other) noexcept
        : state_(std::move(other.state_)), position_(other.position_) {}
    /// Gives the own place up.
    broadcast_receiver& operator=(broadcast_receiver other) noexcept {
        std::swap(state_, other.state_);
        std::swap(position_, other.position_);
        return *this;
    }
    ~broadcast_receiver() {
        if (state_ != nullptr) state_->receivers.fetch_sub(1, std::memory_order_relaxed);
    }

    /// The next item; nothing at the end, when all senders are gone. While there is none it parks the fiber, or blocks the
    /// thread. A cancellation point.
    [[nodiscard]] std::optional<broadcast_item<T>> recv() { return receive(detail::never); }
    /// The next item if it is there.
    [[nodiscard]] std::optional<broadcast_item<T>> try_recv() {
        detail::begin_attempt();
        return state().take(position_);
    }
    /// As `recv`, but waits for `limit` at most, which gives nothing as the end does.
    template <class Rep, class Period>
    [[nodiscard]] std::optional<broadcast_item<T>> try_recv_for(
        const std::chrono::duration<Rep, Period>& limit) {
        return receive(detail::deadline_in(limit));
    }

    class receiving_arm;
    /// "An item has come", as a case.
    struct receiving_case {
        /// For `select`.
        using select_arm_type = receiving_arm;
        /// Whose.
        broadcast_receiver* of;
    };
    /// Receiving an item, as a case of `select`: its result is what `recv` returns.
    [[nodiscard]] receiving_case receiving() noexcept { return {this}; }

private:
    template <class>
    friend class broadcast_sender;
    friend class detail::line_arm<broadcast_receiver>;
    broadcast_receiver(std::shared_ptr<detail::broadcast_state<T>> state, std::uint64_t position)
        : state_(std::move(state)), position_(position) {
        state_->receivers.fetch_add(1, std::memory_order_relaxed);
    }

    [[nodiscard]] bool try_now() const noexcept { return state_->has(position_); }

    std::optional<broadcast_item<T>> receive(detail::nanoseconds_t deadline) {
        take_turn(state().at, detail::wait_reason::news, {.deadline = deadline},
                  [this] { return try_now(); });
        return state_->take(position_);
    }

    [[nodiscard]] detail::broadcast_state<T>& state() const {
        if (state_ == nullptr) [[unlikely]]
            detail::throw_no_channel();
        return *state_;
    }

    std::shared_ptr<detail::broadcast_state<T>> state_;
    std::uint64_t position_ = 0;
};

/// What a broadcast's receiver becomes in a select.
template <class T>
class broadcast_receiver<T>::receiving_arm : public detail::line_arm<broadcast_receiver> {
    using base = detail::line_arm<broadcast_receiver>;

public:
    /// Of that receiver. Throws if it was moved from.
    explicit receiving_arm(receiving_case from) : base(*from.of, from.of->state().at) {}
    /// A case of a list may be used again, and its receiver belong to another broadcast by then.
    void begin() noexcept override {
        if (this->owner().state_ != nullptr) this->set_line(this->owner().state_->at);
    }
    /// Whether there is an item, or will be none. Throws if the receiver was moved from.
    bool try_take() override {
        static_cast<void>(this->owner().state());
        return base::try_take();
    }
    /// The item.
    std::optional<broadcast_item<T>> take() {
        return this->owner().state_->take(this->owner().position_);
    }
};

/// Sends to all receivers. Copies send to the same ones; the broadcast ends with the last of them. Of one that was moved from, `send`
/// and `subscribe` throw `std::system_error` (`invalid_argument`).
template <class T>
class broadcast_sender {
public:
    /// A broadcast that keeps the latest `capacity` items for those who are behind; at least one. A large capacity takes memory as
    /// items come. Throws `std::invalid_argument`, `std::length_error` for more than any memory could hold, `std::bad_alloc`.
    explicit broadcast_sender(std::size_t capacity) {
        if (capacity == 0)
            throw std::invalid_argument("mioco: a broadcast's capacity must be at least 1");
        if (capacity > detail::broadcast_state<T>::most) {
            throw std::length_error("mioco: a broadcast's capacity must be at most " +
                                    std::to_string(detail::broadcast_state<T>::most) + ", not " +
                                    std::to_string(capacity));
        }
        state_ = std::make_shared<detail::broadcast_state<T>>(capacity);
    }
    /// One more sender.
    broadcast_sender(const broadcast_sender& other) noexcept : state_(other.state_) {
        if (state_ != nullptr) state_->senders.fetch_add(1, std::memory_order_relaxed);
    }
    /// Takes the other's place.
    broadcast_sender(broadcast_sender&&) noexcept = default;
    /// Gives the own place up.
    broadcast_sender& operator=(broadcast_sender other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    /// Ends the broadcast if this is the last sender.
    ~broadcast_sender() {
        if (state_ != nullptr && state_->senders.fetch_sub(1, std::memory_order_acq_rel) == 1)
            state_->close();
    }

    /// Sends the item to all receivers there are now, and waits for none. Without receivers it is lost. Throws `std::bad_alloc`.
    void send(T item) const {
        detail::begin_attempt();
        state().send(std::move(item));
    }
    /// A receiver of what is sent from now on.
    [[nodiscard]] broadcast_receiver<T> subscribe() const { return {state_, state().next()}; }
    /// The same, and of the latest one that was sent before.
    [[nodiscard]] broadcast_receiver<T> subscribe_from_latest() const {
        const std::uint64_t next = state().next();
        return {state_, next == 0 ? 0 : next - 1};
    }
    /// How many receivers there are.
    [[nodiscard]] std::size_t receiver_count() const noexcept {
        return state_ == nullptr ? 0 : state_->receivers.load(std::memory_order_relaxed);
    }

private:
    [[nodiscard]] detail::broadcast_state<T>& state() const {
        if (state_ == nullptr) [[unlikely]]
            detail::throw_no_channel();
        return *state_;
    }

    std::shared_ptr<detail::broadcast_state<T>> state_;
};

}  // namespace mioco
