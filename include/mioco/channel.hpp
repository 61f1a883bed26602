// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Queues between fibers and threads.

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include <mioco/detail/channel_calls.hpp>
#include <mioco/detail/channel_cases.hpp>
#include <mioco/detail/channel_state.hpp>
#include <mioco/error.hpp>

namespace mioco {

/// Thrown by `sender::send` when the channel is closed; it holds the item.
template <class T>
class send_error : public std::system_error {
public:
    /// The error of a send that did not take `item`.
    explicit send_error(T item)
        : std::system_error(errc::channel_closed, "mioco: send"),
          item_(std::make_shared<T>(std::move(item))) {}

    /// The item that was not sent, to be moved on. Shared between copies of the exception.
    [[nodiscard]] T& item() const noexcept { return *item_; }

private:
    std::shared_ptr<T> item_;
};

template <class T>
class sender;
template <class T>
class receiver;

namespace detail {

struct channel_access {
    template <class End, class T>
    static End make(channel_state<T>& state) noexcept {
        return End(state);
    }
    template <class T>
    static std::pair<sender<T>, receiver<T>> make_pair(std::size_t capacity) {
        auto& state = *new channel_state<T>(capacity);
        return {sender<T>(state), receiver<T>(state)};
    }
};

}  // namespace detail

/// The sending end of a channel. Copies are ends of the same channel; the channel closes with the last of them, or by `close`.
///
/// Any fiber or thread may use any end, and several may use the same one at once. Items of one caller arrive in the order
/// in which it sent them. In the original since 0.3, and bounded since 0.8.
template <class T>
class sender {
public:
    /// An end of no channel, as one that was moved from: it counts as closed, and what sends throws `std::system_error`
    /// (`invalid_argument`).
    sender() noexcept = default;
    /// One more end of the same channel.
    sender(const sender& other) noexcept : state_(other.state_) {
        if (state_ == nullptr) return;
        state_->sender_count.fetch_add(1, std::memory_order_relaxed);
        state_->shares.fetch_add(1, std::memory_order_relaxed);
    }
    /// Takes the other's place.
    sender(sender&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    /// Drops the end held so far.
    sender& operator=(sender other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    /// Closes the channel if this is the last sender: receivers get what is queued, and then the end.
    ~sender() {
        if (state_ == nullptr) return;
        if (state_->sender_count.fetch_sub(1, std::memory_order_acq_rel) == 1) state_->close();
        state_->drop_share();
    }

    /// Sends the item. While a bounded channel is full it parks the fiber, or blocks the thread; a receiver wakes it. With
    /// a capacity of 0 it returns when a receiver has the item. Throws `send_error` with the item when the channel is
    /// closed, by `close` or since all receivers are gone. A cancellation point; a cancelled call has sent nothing.
    void send(T item) const {
        if (detail::send_item(channel(), item, detail::never) == detail::transfer::closed)
            throw send_error<T>(std::move(item));
    }

    /// Sends the item if that can be done at once. One that is refused comes back: the channel is full, or `closed`. Never
    /// blocks, and is no cancellation point.
    [[nodiscard]] std::optional<T> try_send(T item) const {
        detail::begin_attempt();
        return refused(item, detail::try_send_item(channel(), item));
    }

    /// As `send`, but waits until `deadline` at most; an item that was not sent then, or to a closed channel, comes back.
    template <class Duration>
    [[nodiscard]] std::optional<T> try_send_until(
        T item,
        const std::chrono::time_point<std::chrono::steady_clock, Duration>& deadline) const {
        return refused(item, detail::send_item(channel(), item, detail::deadline_at(deadline)));
    }

    /// As `send`, but waits for `limit` at most; an item that was not sent then, or to a closed channel, comes back.
    template <class Rep, class Period>
    [[nodiscard]] std::optional<T> try_send_for(
        T item, const std::chrono::duration<Rep, Period>& limit) const {
        return refused(item, detail::send_item(channel(), item, detail::deadline_in(limit)));
    }

    /// Sending this item, as a case of `select`. Its result is the item if the channel was closed, and nothing if it was sent.
    /// When another case wins, the item comes to nothing with the case. Valid while this end lives.
    [[nodiscard]] detail::send_case<T> sending(T item) const {
        return {&channel(), std::move(item)};
    }

    /// Closes the channel for all senders: items that are queued can still be received, and whoever waits is woken. May be
    /// called twice.
    void close() const noexcept {
        if (state_ != nullptr) state_->close();
    }
    /// Whether the channel takes no more items. A snapshot, as are the following.
    [[nodiscard]] bool is_closed() const noexcept {
        return state_ == nullptr || state_->is_closed();
    }
    /// How many items are queued.
    [[nodiscard]] std::size_t size() const noexcept {
        return state_ == nullptr ? 0 : state_->size();
    }
    /// How many items may be queued; the largest number of its type if any number.
    [[nodiscard]] std::size_t capacity() const noexcept {
        return state_ == nullptr ? 0 : state_->capacity();
    }
    /// How many receiving ends there are.
    [[nodiscard]] std::size_t receiver_count() const noexcept {
        return state_ == nullptr ? 0 : state_->receiver_count.load(std::memory_order_relaxed);
    }
    /// Whether this is an end of a channel.
    explicit operator bool() const noexcept { return state_ != nullptr; }
    /// Whether both are ends of the same channel.
    friend bool operator==(const sender& a, const sender& b) noexcept = default;

private:
    friend struct detail::channel_access;
    explicit sender(detail::channel_state<T>& state) noexcept : state_(&state) {}

    static std::optional<T> refused(T& item, detail::transfer result) {
        if (result == detail::transfer::done) return std::nullopt;
        return std::optional<T>(std::move(item));
    }

    [[nodiscard]] detail::channel_state<T>& channel() const {
        if (state_ == nullptr) [[unlikely]]
            detail::throw_no_channel();
        return *state_;
    }

    detail::channel_state<T>* state_ = nullptr;
};

/// The receiving end of a channel. Copies are ends of the same channel, and each item goes to one of them. With the last one the
/// channel closes, and what is queued is destroyed.
///
/// Any fiber or thread may use any end, and several may use the same one at once. In the original since 0.3.
template <class T>
class receiver {
public:
    /// An end of no channel, as one that was moved from: it counts as at its end, and what receives throws `std::system_error`
    /// (`invalid_argument`).
    receiver() noexcept = default;
    /// One more end of the same channel.
    receiver(const receiver& other) noexcept : state_(other.state_) {
        if (state_ == nullptr) return;
        state_->receiver_count.fetch_add(1, std::memory_order_relaxed);
        state_->shares.fetch_add(1, std::memory_order_relaxed);
    }
    /// Takes the other's place.
    receiver(receiver&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    /// Drops the end held so far.
    receiver& operator=(receiver other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    /// Closes the channel if this is the last receiver: senders get their items back.
    ~receiver() {
        if (state_ == nullptr) return;
        if (state_->receiver_count.fetch_sub(1, std::memory_order_acq_rel) == 1) state_->abandon();
        state_->drop_share();
    }

    /// The next item; nothing at the end, when the channel is closed and all items were received. While there is none it
    /// parks the fiber, or blocks the thread; a sender or the end wakes it. A cancellation point; a cancelled call has
    /// received nothing.
    [[nodiscard]] std::optional<T> recv() const { return receive(detail::never); }

    /// The next item if there is one now. Never blocks, and is no cancellation point; `is_exhausted` tells "not yet" from "never".
    [[nodiscard]] std::optional<T> try_recv() const {
        detail::begin_attempt();
        std::optional<T> item;
        detail::try_receive_item(channel(), item);
        return item;
    }

    /// As `recv`, but waits until `deadline` at most, which gives nothing as the end does.
    template <class Duration>
    [[nodiscard]] std::optional<T> try_recv_until(
        const std::chrono::time_point<std::chrono::steady_clock, Duration>& deadline) const {
        return receive(detail::deadline_at(deadline));
    }

    /// As `recv`, but waits for `limit` at most, which gives nothing as the end does.
    template <class Rep, class Period>
    [[nodiscard]] std::optional<T> try_recv_for(
        const std::chrono::duration<Rep, Period>& limit) const {
        return receive(detail::deadline_in(limit));
    }

    /// Receiving an item, as a case of `select`. Its result is what `recv` returns; when another case wins, the item stays
    /// in the channel. Valid while this end lives.
    [[nodiscard]] detail::receive_case<T> receiving() const { return {&channel()}; }

    /// Closes the channel: nothing more is taken from senders, and what is queued can still be received. May be called twice.
    void close() const noexcept {
        if (state_ != nullptr) state_->close();
    }
    /// Whether the channel takes no more items. A snapshot, as are the following.
    [[nodiscard]] bool is_closed() const noexcept {
        return state_ == nullptr || state_->is_closed();
    }
    /// Whether it is closed and empty: `recv` returns nothing from now on.
    [[nodiscard]] bool is_exhausted() const noexcept {
        return state_ == nullptr || state_->is_exhausted();
    }
    /// How many items are queued.
    [[nodiscard]] std::size_t size() const noexcept {
        return state_ == nullptr ? 0 : state_->size();
    }
    /// How many items may be queued; the largest number of its type if any number.
    [[nodiscard]] std::size_t capacity() const noexcept {
        return state_ == nullptr ? 0 : state_->capacity();
    }
    /// How many sending ends there are.
    [[nodiscard]] std::size_t sender_count() const noexcept {
        return state_ == nullptr ? 0 : state_->sender_count.load(std::memory_order_relaxed);
    }
    /// Whether this is an end of a channel.
    explicit operator bool() const noexcept { return state_ != nullptr; }
    /// Whether both are ends of the same channel.
    friend bool operator==(const receiver& a, const receiver& b) noexcept = default;

    /// Receives item after item, up to the end. Each step may wait as `recv` does.
    class iterator {
    public:
        /// An input iterator.
        using iterator_concept = std::input_iterator_tag;
        /// The same, by its old name.
        using iterator_category = std::input_iterator_tag;
        /// What is received.
        using value_type = T;
        /// Not that it can be had.
        using difference_type = std::ptrdiff_t;

        /// The item that was received; it may be moved from.
        T& operator*() const noexcept { return *item_; }
        /// Its members.
        T* operator->() const noexcept { return &*item_; }
        /// Receives the next one.
        iterator& operator++() {
            item_.reset();  // what it holds, such as a channel's end, is not kept while this waits
            if (auto next = from_->recv()) item_.emplace(*std::move(next));
            return *this;
        }
        /// The same.
        void operator++(int) { ++*this; }
        /// Whether the channel has come to its end.
        friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept {
            return !at.item_;
        }

    private:
        friend class receiver;
        explicit iterator(const receiver& from) : from_(&from), item_(from.recv()) {}

        const receiver* from_;
        mutable std::optional<T> item_;
    };

    /// Receives the first item. `for (auto& item : channel)` runs until the channel's end.
    [[nodiscard]] iterator begin() const { return iterator(*this); }
    /// The channel's end.
    [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

private:
    friend struct detail::channel_access;
    explicit receiver(detail::channel_state<T>& state) noexcept : state_(&state) {}

    std::optional<T> receive(detail::nanoseconds_t deadline) const {
        std::optional<T> item;
        detail::receive_item(channel(), item, deadline);
        return item;
    }

    [[nodiscard]] detail::channel_state<T>& channel() const {
        if (state_ == nullptr) [[unlikely]]
            detail::throw_no_channel();
        return *state_;
    }

    detail::channel_state<T>* state_ = nullptr;
};

/// A channel for up to `capacity` items. With a capacity of 0 an item goes from hand to hand: whoever comes first waits for the
/// other. Items must move and be destroyed without throwing, and must not wait in doing so. Throws `std::bad_alloc`.
///
///     auto [lines, log] = mioco::channel<std::string>(64);
template <class T>
[[nodiscard]] std::pair<sender<T>, receiver<T>> channel(std::size_t capacity) {
    return detail::channel_access::make_pair<T>(capacity);
}

/// A channel for any number of items: `send` waits for nobody, and takes memory as needed.
template <class T>
[[nodiscard]] std::pair<sender<T>, receiver<T>> unbounded_channel() {
    return detail::channel_access::make_pair<T>(detail::channel_state<T>::unbounded);
}

}  // namespace mioco
