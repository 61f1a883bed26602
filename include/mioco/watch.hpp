// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// A value whose latest state many look at.

#include <memory>
#include <optional>
#include <utility>

#include <mioco/broadcast.hpp>

namespace mioco {

template <class T>
class watch_sender;

/// Sees the value. Used by one fiber or thread at a time; a copy has seen what this one has. Of one that was moved from, all calls throw
/// `std::system_error` (`invalid_argument`).
template <class T>
class watch_receiver {
public:
    /// The latest value, as a share of it that nobody changes.
    [[nodiscard]] std::shared_ptr<const T> get() {
        if (auto latest = news_.try_recv()) seen_ = std::move(latest->value);
        return seen_;
    }
    /// Parks the fiber, or blocks the thread, until there is a value that was not seen yet; returns that, or null when all
    /// senders are gone. A cancellation point.
    [[nodiscard]] std::shared_ptr<const T> changed() {
        auto latest = news_.recv();
        if (!latest) return nullptr;
        return seen_ = std::move(latest->value);
    }
    class changing_arm;
    /// "There is news", as a case.
    struct changing_case {
        /// For `select`.
        using select_arm_type = changing_arm;
        /// For whom.
        watch_receiver* of;
    };
    /// A change, as a case of `select`: its result is what `changed` returns.
    [[nodiscard]] changing_case changing() noexcept { return {this}; }

private:
    friend class watch_sender<T>;
    watch_receiver(broadcast_receiver<std::shared_ptr<const T>> news,
                   std::shared_ptr<const T> seen) noexcept
        : news_(std::move(news)), seen_(std::move(seen)) {}

    broadcast_receiver<std::shared_ptr<const T>> news_;
    std::shared_ptr<const T> seen_;
};

/// What a watcher becomes in a select.
template <class T>
class watch_receiver<T>::changing_arm
    : public broadcast_receiver<std::shared_ptr<const T>>::receiving_arm {
    using base = typename broadcast_receiver<std::shared_ptr<const T>>::receiving_arm;

public:
    /// Of that watcher. Throws if it was moved from.
    explicit changing_arm(changing_case from) : base(from.of->news_.receiving()), of_(*from.of) {}
    /// The value.
    std::shared_ptr<const T> take() {
        auto latest = base::take();
        if (!latest) return nullptr;
        return of_.seen_ = std::move(latest->value);
    }

private:
    watch_receiver& of_;
};

/// A value that is replaced as a whole, and watched: receivers see the latest, and may miss what was there in between. Copies set
/// the same value. Any fibers and threads may use it at once. Of one that was moved from, `send` and `subscribe` throw
/// `std::system_error` (`invalid_argument`).
template <class T>
class watch_sender {
public:
    /// With its first value. Throws `std::bad_alloc`.
    explicit watch_sender(T first)
        : news_(1), first_(std::make_shared<const T>(std::move(first))) {}

    /// Replaces the value, and wakes those who wait for a change. Never blocks. Throws `std::bad_alloc`.
    void send(T value) const { news_.send(std::make_shared<const T>(std::move(value))); }
    /// A receiver that has seen the value as it is now.
    [[nodiscard]] watch_receiver<T> subscribe() const {
        watch_receiver<T> made(news_.subscribe_from_latest(), first_);
        static_cast<void>(made.get());
        return made;
    }
    /// How many receivers there are.
    [[nodiscard]] std::size_t receiver_count() const noexcept { return news_.receiver_count(); }

private:
    broadcast_sender<std::shared_ptr<const T>> news_;
    std::shared_ptr<const T> first_;
};

}  // namespace mioco
