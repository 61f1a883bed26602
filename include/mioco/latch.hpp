// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Waiting until all of a group have come to a point.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include <mioco/detail/line.hpp>
#include <mioco/detail/line_arm.hpp>

namespace mioco {

namespace detail {

/// A count and those who wait until it is zero.
class countdown {
public:
    static constexpr std::ptrdiff_t most = std::numeric_limits<std::ptrdiff_t>::max();

    /// Throws std::system_error for a negative count of `whose`.
    countdown(std::ptrdiff_t count, const char* whose);

    /// Nothing if it is changed; else the count, which with `change` would be below zero or above `most`.
    std::optional<std::ptrdiff_t> add(std::ptrdiff_t change) noexcept;
    bool wait(wait_reason why, nanoseconds_t deadline) const;
    [[nodiscard]] std::ptrdiff_t count() const noexcept;

    class zero_arm;
    struct zero_case {
        using select_arm_type = zero_arm;
        const countdown* of;
    };

private:
    friend class line_arm<const countdown>;
    [[nodiscard]] bool try_now() const noexcept { return count_ == 0; }

    mutable line line_;     // to wait changes nothing that the owner could see
    std::ptrdiff_t count_;  // guarded
};

class countdown::zero_arm : public line_arm<const countdown> {
public:
    explicit zero_arm(zero_case from) noexcept : line_arm(*from.of, from.of->line_) {}
    void take() {}
};

}  // namespace detail

/// As `std::latch`, for fibers and threads: opens once, when it was counted down so many times.
class latch {
public:
    /// The most that can be counted.
    [[nodiscard]] static constexpr std::ptrdiff_t max() noexcept { return detail::countdown::most; }
    /// To be counted down so many times. Throws `std::system_error` (`invalid_argument`) for a negative number.
    explicit latch(std::ptrdiff_t expected) : left_(expected, "latch") {}
    latch(const latch&) = delete;
    latch& operator=(const latch&) = delete;
    ~latch() = default;

    /// Counts down, and at zero wakes all that wait. Never blocks. Throws `std::system_error` (`invalid_argument`) for a negative
    /// number and for more than is left; nothing is counted then.
    void count_down(std::ptrdiff_t update = 1);
    /// Whether it is open.
    [[nodiscard]] bool try_wait() const noexcept {
        detail::begin_attempt();
        return left_.count() == 0;
    }
    /// Parks the fiber, or blocks the thread, until it is open. A cancellation point.
    void wait() const { left_.wait(detail::wait_reason::latch, detail::never); }
    /// `count_down`, and then `wait`. Who is cancelled has counted down all the same.
    void arrive_and_wait(std::ptrdiff_t update = 1) {
        count_down(update);
        wait();
    }
    /// That it is open, as a case of `select`.
    [[nodiscard]] detail::countdown::zero_case opening() const noexcept { return {&left_}; }

private:
    detail::countdown left_;
};

/// Waiting for a number of things that is not known before: `add` for each that begins, `done` for each that ends, `wait` for
/// the moment when none is under way. May be used again.
class wait_group {
public:
    /// With so many under way. Throws `std::system_error` (`invalid_argument`) for a negative number.
    explicit wait_group(std::ptrdiff_t count = 0) : left_(count, "wait_group") {}
    wait_group(const wait_group&) = delete;
    wait_group& operator=(const wait_group&) = delete;
    ~wait_group() = default;

    /// So many more are under way. Before `wait` is called for them, or while others are under way. A negative number is as many calls
    /// of `done`. Throws `std::system_error`, and changes nothing: `invalid_argument` if there would be less than none under way,
    /// `value_too_large` if there would be more than a `std::ptrdiff_t` can count.
    void add(std::ptrdiff_t count = 1);
    /// One of them has ended. The last one wakes all that wait. Throws `std::system_error` with
    /// `std::errc::invalid_argument` when none is under way.
    void done();
    /// How many are under way. Spends from the operation budget, so that a loop that asks again and again lets others run.
    [[nodiscard]] std::ptrdiff_t count() const noexcept {
        detail::begin_attempt();
        return left_.count();
    }
    /// Parks the fiber, or blocks the thread, until none is under way. A cancellation point.
    void wait() const { left_.wait(detail::wait_reason::wait_group, detail::never); }
    /// As `wait`, but for `limit` at most; whether none is under way.
    template <class Rep, class Period>
    [[nodiscard]] bool wait_for(const std::chrono::duration<Rep, Period>& limit) const {
        return left_.wait(detail::wait_reason::wait_group, detail::deadline_in(limit));
    }
    /// That none is under way, as a case of `select`.
    [[nodiscard]] detail::countdown::zero_case waiting() const noexcept { return {&left_}; }

private:
    detail::countdown left_;
};

}  // namespace mioco
