// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace mioco::load {

/// When one of several connections has to send each of its messages, so that all together send at a
/// fixed rate: message i of all is due i/rate seconds after the start, and the connections take
/// turns.
class schedule {
public:
    using clock = std::chrono::steady_clock;

    /// `rate` requests a second over `connections`, of which this is number `index`.
    schedule(clock::time_point start, std::uint64_t rate, std::size_t connections,
             std::size_t index) noexcept
        : start_(start), rate_(rate), connections_(connections), index_(index) {}

    /// When message `number` of this connection is due.
    [[nodiscard]] clock::time_point due(std::uint64_t number) const noexcept {
        // Rounded up, so that at the time given here `count_due` counts the message.
        const std::uint64_t overall = number * connections_ + index_;
        const std::uint64_t part_ns = (overall % rate_ * second_ns + rate_ - 1) / rate_;
        return start_ + std::chrono::nanoseconds(overall / rate_ * second_ns + part_ns);
    }

    /// How many messages of this connection are due at or before `now`.
    [[nodiscard]] std::uint64_t count_due(clock::time_point now) const noexcept {
        if (now < start_) return 0;
        const auto elapsed_ns =
            static_cast<std::uint64_t>(std::chrono::nanoseconds(now - start_).count());
        const std::uint64_t latest =
            elapsed_ns / second_ns * rate_ + elapsed_ns % second_ns * rate_ / second_ns;
        return latest < index_ ? 0 : (latest - index_) / connections_ + 1;
    }

    /// How many messages of this connection are due before `now`.
    [[nodiscard]] std::uint64_t count_due_before(clock::time_point now) const noexcept {
        return count_due(now - clock::duration(1));
    }

    /// Above this rate the arithmetic would overflow.
    static constexpr std::uint64_t max_rate = 100'000'000;

private:
    static constexpr std::uint64_t second_ns = 1'000'000'000;

    clock::time_point start_;
    std::uint64_t rate_;
    std::uint64_t connections_;
    std::uint64_t index_;
};

}  // namespace mioco::load
