// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Permits that are taken and given back.

#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>

#include <mioco/detail/line.hpp>
#include <mioco/detail/line_arm.hpp>

namespace mioco {

namespace detail {

class semaphore_core {
public:
    /// Throws std::system_error unless the count is from 0 to `most`.
    semaphore_core(std::ptrdiff_t count, std::ptrdiff_t most);

    void release(std::ptrdiff_t count, std::ptrdiff_t most);
    bool acquire(nanoseconds_t deadline);
    bool try_acquire() noexcept;

    class acquiring_arm;
    struct acquiring_case {
        using select_arm_type = acquiring_arm;
        semaphore_core* of;
    };

private:
    friend class line_arm<semaphore_core>;
    bool try_now() noexcept;
    /// Nothing if they were given; else how many there are, which is too many to give these.
    std::optional<std::ptrdiff_t> give(std::ptrdiff_t count, std::ptrdiff_t most) noexcept;

    line line_;
    std::ptrdiff_t count_;  // guarded; 0 while somebody is in line
};

class semaphore_core::acquiring_arm : public line_arm<semaphore_core> {
public:
    explicit acquiring_arm(acquiring_case from) noexcept : line_arm(*from.of, from.of->line_) {}
    void take() {}
};

}  // namespace detail

/// As `std::counting_semaphore`, for fibers and threads. First come, first served.
template <std::ptrdiff_t LeastMax = std::numeric_limits<std::ptrdiff_t>::max()>
class counting_semaphore {
    static_assert(LeastMax >= 0);

public:
    /// With so many permits, from 0 to `max()`; throws `std::system_error` (`invalid_argument`) for any other number.
    explicit counting_semaphore(std::ptrdiff_t desired) : core_(desired, LeastMax) {}
    counting_semaphore(const counting_semaphore&) = delete;
    counting_semaphore& operator=(const counting_semaphore&) = delete;
    ~counting_semaphore() = default;

    /// The most permits there may be.
    [[nodiscard]] static constexpr std::ptrdiff_t max() noexcept { return LeastMax; }

    /// Gives so many permits back, and wakes as many that wait. Never blocks. Throws `std::system_error` with
    /// `std::errc::invalid_argument` for a negative count and `std::errc::value_too_large` for more permits than `max()`; nothing is
    /// given then.
    void release(std::ptrdiff_t update = 1) { core_.release(update, LeastMax); }
    /// Takes a permit. While there is none, it parks the fiber or blocks the thread. A cancellation point.
    void acquire() { core_.acquire(detail::never); }
    /// Takes a permit if there is one.
    [[nodiscard]] bool try_acquire() noexcept { return core_.try_acquire(); }
    /// As `acquire`, but waits for `limit` at most.
    template <class Rep, class Period>
    [[nodiscard]] bool try_acquire_for(const std::chrono::duration<Rep, Period>& limit) {
        return core_.acquire(detail::deadline_in(limit));
    }
    /// As `acquire`, but waits until `deadline` at most, as `mutex::try_lock_until`.
    template <class Clock, class Duration>
    [[nodiscard]] bool try_acquire_until(const std::chrono::time_point<Clock, Duration>& deadline) {
        return detail::attempt_until(deadline, [this](auto limit) { return core_.acquire(limit); });
    }
    /// Taking a permit, as a case of `select`. When another case wins, none was taken.
    [[nodiscard]] detail::semaphore_core::acquiring_case acquiring() noexcept { return {&core_}; }

private:
    detail::semaphore_core core_;
};

/// A semaphore of one permit.
using binary_semaphore = counting_semaphore<1>;

}  // namespace mioco
