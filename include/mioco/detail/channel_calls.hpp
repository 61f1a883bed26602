// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <optional>

#include <mioco/detail/channel_state.hpp>
#include <mioco/detail/wait_queue.hpp>

// Sending and receiving: the attempt, which is inline, and the wait, which is not.

namespace mioco::detail {

/// [guarded by the caller; not any more afterwards]
template <class T>
[[gnu::noinline]] transfer wait_to_send(channel_state<T>& channel, T& item,
                                        nanoseconds_t deadline) {
    queued_arm arm;
    arm.item = &item;
    const wait_end end =
        wait_last_in_line(channel.guard, channel.senders, arm, wait_reason::send, deadline);
    if (end == wait_end::claimed) return arm.refused ? transfer::closed : transfer::done;
    if (end == wait_end::interrupted) throw_interrupted(wait_reason::send);
    return transfer::would_wait;
}

/// [guarded by the caller; not any more afterwards]
template <class T>
[[gnu::noinline]] transfer wait_to_receive(channel_state<T>& channel, std::optional<T>& into,
                                           nanoseconds_t deadline) {
    queued_arm arm;
    arm.item = &into;
    const wait_end end =
        wait_last_in_line(channel.guard, channel.receivers, arm, wait_reason::receive, deadline);
    if (end == wait_end::claimed) return arm.refused ? transfer::closed : transfer::done;
    if (end == wait_end::interrupted) throw_interrupted(wait_reason::receive);
    return transfer::would_wait;
}

/// Moves the item away if `done`; `would_wait` when the deadline has passed. Throws when cancelled.
template <class T>
transfer send_item(channel_state<T>& channel, T& item, nanoseconds_t deadline) {
    bool may_wait = begin_operation(wait_reason::send);
    for (;;) {
        wake_up woken;
        channel.guard.lock();
        const transfer result = channel.send_now(item, woken);
        if (result == transfer::done) [[likely]] {
            channel.guard.unlock();
            woken.carry_out();
            return result;
        }
        if (result == transfer::would_wait && may_wait)
            return wait_to_send(channel, item, deadline);
        const std::size_t room = channel.room();
        channel.guard.unlock();
        if (result == transfer::closed) return result;
        if (result == transfer::out_of_room) {
            channel.grow(room);
        } else {
            prepare_to_wait();
            may_wait = true;
        }
    }
}

/// The same, but never waits.
template <class T>
transfer try_send_item(channel_state<T>& channel, T& item) {
    for (;;) {
        wake_up woken;
        channel.guard.lock();
        const transfer result = channel.send_now(item, woken);
        const std::size_t room = channel.room();
        channel.guard.unlock();
        woken.carry_out();
        if (result != transfer::out_of_room) return result;
        channel.grow(room);
    }
}

/// `would_wait` when the deadline has passed. Throws when cancelled.
template <class T>
transfer receive_item(channel_state<T>& channel, std::optional<T>& into, nanoseconds_t deadline) {
    bool may_wait = begin_operation(wait_reason::receive);
    for (;;) {
        wake_up woken;
        channel.guard.lock();
        const transfer result = channel.receive_now(into, woken);
        if (result == transfer::would_wait && may_wait)
            return wait_to_receive(channel, into, deadline);
        channel.guard.unlock();
        woken.carry_out();
        if (result != transfer::would_wait) return result;
        prepare_to_wait();
        may_wait = true;
    }
}

/// The oldest item of a channel's buffer, which is the caller's to move away while this lives, and goes with it. Empty if there is none.
template <class T>
class buffered_item {
public:
    explicit buffered_item(channel_state<T>& channel) noexcept : channel_(channel) {
        channel_.guard.lock();
        first_ = channel_.first_buffered();
    }
    buffered_item(const buffered_item&) = delete;
    buffered_item& operator=(const buffered_item&) = delete;
    ~buffered_item() {
        wake_up woken;
        if (first_ != nullptr) channel_.drop_first_buffered(woken);
        channel_.guard.unlock();
        woken.carry_out();
    }

    explicit operator bool() const noexcept { return first_ != nullptr; }
    T& operator*() const noexcept { return *first_; }

private:
    channel_state<T>& channel_;
    T* first_;
};

/// The same, but never waits.
template <class T>
transfer try_receive_item(channel_state<T>& channel, std::optional<T>& into) noexcept {
    wake_up woken;
    channel.guard.lock();
    const transfer result = channel.receive_now(into, woken);
    channel.guard.unlock();
    woken.carry_out();
    return result;
}

}  // namespace mioco::detail
