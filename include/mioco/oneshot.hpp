// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// A channel for one item.

#include <chrono>
#include <optional>
#include <utility>

#include <mioco/channel.hpp>

namespace mioco {

template <class T>
class oneshot_receiver;
template <class T>
class oneshot_sender;

/// A channel for exactly one item, such as a reply. Throws `std::bad_alloc`.
template <class T>
[[nodiscard]] std::pair<oneshot_sender<T>, oneshot_receiver<T>> oneshot();

/// Sends the item. Move-only; dropped without an item, it tells the receiver that there will be none. One that was moved from, as by
/// `send`, counts as closed, and its `send` throws `std::system_error` (`invalid_argument`).
template <class T>
class oneshot_sender {
public:
    /// Takes the other's end.
    oneshot_sender(oneshot_sender&&) noexcept = default;
    /// Drops the end held so far.
    oneshot_sender& operator=(oneshot_sender&&) noexcept = default;

    /// Sends the item, and uses the sender up. Never blocks. It comes back if the receiver is gone.
    [[nodiscard]] std::optional<T> send(T item) && {
        const sender<T> used = std::move(end_);
        return used.try_send(std::move(item));
    }
    /// Whether the receiver is gone.
    [[nodiscard]] bool is_closed() const noexcept { return end_.is_closed(); }

private:
    friend std::pair<oneshot_sender, oneshot_receiver<T>> oneshot<T>();
    explicit oneshot_sender(sender<T> end) noexcept : end_(std::move(end)) {}

    sender<T> end_;
};

/// Receives the item. Move-only. Of one that was moved from, all calls throw `std::system_error` (`invalid_argument`).
template <class T>
class oneshot_receiver {
public:
    /// Takes the other's end.
    oneshot_receiver(oneshot_receiver&&) noexcept = default;
    /// Drops the end held so far.
    oneshot_receiver& operator=(oneshot_receiver&&) noexcept = default;

    /// The item; nothing if the sender was dropped without one, or if it was received before. Parks the fiber, or blocks
    /// the thread, until that is known. A cancellation point.
    [[nodiscard]] std::optional<T> recv() { return end_.recv(); }
    /// The item if it is there.
    [[nodiscard]] std::optional<T> try_recv() { return end_.try_recv(); }
    /// As `recv`, but waits for `limit` at most.
    template <class Rep, class Period>
    [[nodiscard]] std::optional<T> try_recv_for(const std::chrono::duration<Rep, Period>& limit) {
        return end_.try_recv_for(limit);
    }
    /// Receiving the item, as a case of `select`.
    [[nodiscard]] auto receiving() { return end_.receiving(); }

private:
    friend std::pair<oneshot_sender<T>, oneshot_receiver> oneshot<T>();
    explicit oneshot_receiver(receiver<T> end) noexcept : end_(std::move(end)) {}

    receiver<T> end_;
};

template <class T>
std::pair<oneshot_sender<T>, oneshot_receiver<T>> oneshot() {
    auto [in, out] = channel<T>(1);
    return {oneshot_sender<T>(std::move(in)), oneshot_receiver<T>(std::move(out))};
}

}  // namespace mioco
