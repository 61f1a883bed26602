// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// A flag to wait for.

#include <chrono>

#include <mioco/detail/line.hpp>
#include <mioco/detail/line_arm.hpp>

namespace mioco {

/// A flag that is raised and lowered, and can be waited for. Raised many times before anybody looks, it is raised once. Any fibers
/// and threads may use it at once. The `notify` of the original's rewrite (0.9), there for one waiter.
class event {
public:
    event() noexcept = default;
    event(const event&) = delete;
    event& operator=(const event&) = delete;
    ~event() = default;

    /// Raises the flag, and wakes all that wait. Never blocks.
    void notify() noexcept;
    /// Lowers the flag.
    void reset() noexcept;
    /// Whether it is raised; lowers it.
    [[nodiscard]] bool try_wait() noexcept;
    /// Parks the fiber, or blocks the thread, until the flag is raised, and leaves it so. A cancellation point.
    void wait() { wait_until_ns(detail::never); }
    /// As `wait`, but for `limit` at most; whether the flag was raised.
    template <class Rep, class Period>
    [[nodiscard]] bool wait_for(const std::chrono::duration<Rep, Period>& limit) {
        return wait_until_ns(detail::deadline_in(limit));
    }

    class waiting_arm;
    /// "The flag is raised", as a case.
    struct waiting_case {
        /// For `select`.
        using select_arm_type = waiting_arm;
        /// Which one.
        event* of;
    };
    /// That the flag is raised, as a case of `select`, which leaves it so.
    [[nodiscard]] waiting_case waiting() noexcept { return {this}; }

private:
    friend class detail::line_arm<event>;
    [[nodiscard]] bool try_now() const noexcept { return raised_; }
    bool wait_until_ns(detail::nanoseconds_t deadline);

    detail::line line_;
    bool raised_ = false;  // guarded
};

/// What an event becomes in a select.
class event::waiting_arm : public detail::line_arm<event> {
public:
    /// Of that event.
    explicit waiting_arm(waiting_case from) noexcept : line_arm(*from.of, from.of->line_) {}
    /// Nothing.
    void take() {}
};

}  // namespace mioco
