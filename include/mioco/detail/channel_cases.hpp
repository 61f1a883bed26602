// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <mioco/detail/channel_calls.hpp>
#include <mioco/detail/channel_state.hpp>
#include <mioco/detail/select_arm.hpp>

namespace mioco::detail {

template <class T>
class send_arm;
template <class T>
class receive_arm;

template <class T>
struct send_case {
    using select_arm_type = send_arm<T>;
    channel_state<T>* channel;
    T item;

    [[nodiscard]] bool looks_ready() const noexcept { return channel->may_take_item(); }
    /// The item within, if the channel was closed.
    std::optional<std::optional<T>> take_now() {
        const transfer result = try_send_item(*channel, item);
        if (result == transfer::would_wait) return std::nullopt;
        if (result == transfer::done) return std::optional<std::optional<T>>(std::in_place);
        return std::optional<std::optional<T>>(std::in_place, std::move(item));
    }
    template <class Result, std::size_t I, class Slow>
    Result take_now_or(const Slow& slow) {
        if (try_send_item(*channel, item) != transfer::done) return slow(I);
        return Result(std::in_place_index<I>);
    }
};

template <class T>
struct receive_case {
    using select_arm_type = receive_arm<T>;
    channel_state<T>* channel;

    [[nodiscard]] bool looks_ready() const noexcept { return channel->may_have_item(); }
    /// Within it nothing, if the channel is at its end.
    std::optional<std::optional<T>> take_now() noexcept {
        std::optional<std::optional<T>> taken(std::in_place);
        if (try_receive_item(*channel, *taken) == transfer::would_wait) taken.reset();
        return taken;
    }
    template <class Result, std::size_t I, class Slow>
    Result take_now_or(const Slow& slow) {
        {
            buffered_item<T> first(*channel);
            if (first) return Result(std::in_place_index<I>, std::in_place, std::move(*first));
        }
        return slow(I);
    }
};

inline select_arm::attempt attempt_of(transfer result) noexcept {
    if (result == transfer::would_wait) return select_arm::attempt::not_now;
    return result == transfer::out_of_room ? select_arm::attempt::once_more
                                           : select_arm::attempt::done;
}

template <class T>
class send_arm : public select_arm {
public:
    explicit send_arm(send_case<T>&& from)
        : select_arm(kind::queued), channel_(*from.channel), item_(std::move(from.item)) {}

    bool try_take() override { return note(try_send_item(channel_, *item_)) == attempt::done; }

    [[nodiscard]] spin_lock* guard() const noexcept override { return &channel_.guard; }
    attempt try_guarded(wake_up& woken) noexcept override {
        return note(channel_.send_now(*item_, woken));
    }
    void get_into_line(std::uint64_t token, std::uint16_t number) noexcept override {
        waiting_ = {.token = token, .number = number, .item = &*item_};
        channel_.senders.push(waiting_);
    }
    void leave_line() noexcept override {
        if (waiting_.linked) channel_.senders.remove(waiting_);
    }
    void note_claimed() noexcept override {
        if (!waiting_.refused) item_.reset();
    }

    std::optional<T> take() {
        leave_out();  // there is nothing to send a second time
        return std::move(item_);
    }

private:
    attempt note(transfer result) noexcept {
        if (result == transfer::done) item_.reset();
        return attempt_of(result);
    }

    channel_state<T>& channel_;
    std::optional<T> item_;  // none once it is sent
    queued_arm waiting_;
};

template <class T>
class receive_arm : public select_arm {
public:
    explicit receive_arm(receive_case<T> from) noexcept
        : select_arm(kind::queued), channel_(*from.channel) {}

    bool try_take() override {
        return attempt_of(try_receive_item(channel_, item_)) == attempt::done;
    }

    [[nodiscard]] spin_lock* guard() const noexcept override { return &channel_.guard; }
    attempt try_guarded(wake_up& woken) noexcept override {
        return attempt_of(channel_.receive_now(item_, woken));
    }
    void get_into_line(std::uint64_t token, std::uint16_t number) noexcept override {
        waiting_ = {.token = token, .number = number, .item = &item_};
        channel_.receivers.push(waiting_);
    }
    void leave_line() noexcept override {
        if (waiting_.linked) channel_.receivers.remove(waiting_);
    }

    std::optional<T> take() { return std::exchange(item_, std::nullopt); }

private:
    channel_state<T>& channel_;
    std::optional<T> item_;
    queued_arm waiting_;
};

}  // namespace mioco::detail
