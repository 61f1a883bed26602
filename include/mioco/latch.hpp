// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Waiting until all of a group have come to a point.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <utility>

#include <mioco/detail/line.hpp>
#include <mioco/detail/line_arm.hpp>

namespace mioco {

namespace detail {

/// A count and those who wait until it is zero.
class countdown {
public:
    explicit countdown(std::ptrdiff_t count) noexcept : count_(count) {}

    /// False, and nothing is changed, if it would be negative.
    bool add(std::ptrdiff_t change) noexcept;
    bool wait(wait_reason why, nanoseconds_t deadline);
    [[nodiscard]] std::ptrdiff_t count() noexcept;

    class zero_arm;
    struct zero_case {
        using select_arm_type = zero_arm;
        countdown* of;
    };

private:
    friend class line_arm<countdown>;
    [[nodiscard]] bool try_now() const noexcept { return count_ == 0; }

    line line_;
    std::ptrdiff_t count_;  // guarded
};

class countdown::zero_arm : public line_arm<countdown> {
public:
    explicit zero_arm(zero_case from) noexcept : line_arm(*from.of, from.of->line_) {}
    void take() {}
};

}  // namespace detail

/// As `std::latch`, for fibers and threads: opens once, when it was counted down so many times.
class latch {
public:
    /// The most that can be counted.
    [[nodiscard]] static constexpr std::ptrdiff_t max() noexcept {
        return std::numeric_limits<std::ptrdiff_t>::max();
    }
    /// To be counted down so many times; not negative.
    explicit latch(std::ptrdiff_t expected) noexcept : left_(expected) {}
    latch(const latch&) = delete;
    latch& operator=(const latch&) = delete;
    ~latch() = default;

    /// Counts down, and at zero wakes all that wait. Never blocks. Not below zero.
    void count_down(std::ptrdiff_t update = 1) noexcept { left_.add(-update); }
    /// Whether it is open.
    [[nodiscard]] bool try_wait() noexcept {
        detail::begin_attempt();
        return left_.count() == 0;
    }
    /// Parks the fiber, or blocks the thread, until it is open. A cancellation point.
    void wait() { left_.wait(detail::wait_reason::latch, detail::never); }
    /// Both, one after the other.
    void arrive_and_wait(std::ptrdiff_t update = 1) {
        count_down(update);
        wait();
    }
    /// That it is open, as a case of `select`.
    [[nodiscard]] detail::countdown::zero_case opening() noexcept { return {&left_}; }

private:
    detail::countdown left_;
};

/// Waiting for a number of things that is not known before: `add` for each that begins, `done` for each that ends, `wait` for
/// the moment when none is under way. May be used again.
class wait_group {
public:
    /// With so many under way.
    explicit wait_group(std::ptrdiff_t count = 0) noexcept : left_(count) {}
    wait_group(const wait_group&) = delete;
    wait_group& operator=(const wait_group&) = delete;
    ~wait_group() = default;

    /// So many more are under way. Before `wait` is called for them, or while others are under way.
    void add(std::ptrdiff_t count = 1) noexcept { left_.add(count); }
    /// One of them has ended. The last one wakes all that wait. Throws `std::system_error` with
    /// `std::errc::invalid_argument` when none is under way.
    void done();
    /// How many are under way. Spends from the operation budget, so that a loop that asks again and again lets others run.
    [[nodiscard]] std::ptrdiff_t count() noexcept {
        detail::begin_attempt();
        return left_.count();
    }
    /// Parks the fiber, or blocks the thread, until none is under way. A cancellation point.
    void wait() { left_.wait(detail::wait_reason::wait_group, detail::never); }
    /// As `wait`, but for `limit` at most; whether none is under way.
    template <class Rep, class Period>
    [[nodiscard]] bool wait_for(const std::chrono::duration<Rep, Period>& limit) {
        return left_.wait(detail::wait_reason::wait_group, detail::deadline_in(limit));
    }
    /// That none is under way, as a case of `select`.
    [[nodiscard]] detail::countdown::zero_case waiting() noexcept { return {&left_}; }

private:
    detail::countdown left_;
};

}  // namespace mioco
