// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <stop_token>
#include <string_view>

namespace mioco {

/// A number that no two fibers of a process share. Zero stands for "no fiber".
class fiber_id {
public:
    /// No fiber.
    constexpr fiber_id() noexcept = default;
    /// The id with this number.
    constexpr explicit fiber_id(std::uint64_t value) noexcept : value_(value) {}
    /// The number, as it stands in logs.
    [[nodiscard]] constexpr std::uint64_t value() const noexcept { return value_; }
    /// Ids of older fibers need not be smaller: workers hand them out in batches.
    friend constexpr auto operator<=>(fiber_id, fiber_id) noexcept = default;

private:
    std::uint64_t value_ = 0;
};

/// The fiber that calls, as `std::this_thread` is the thread that calls. None of these block.
namespace this_fiber {

/// The id of the calling fiber; outside of fibers `fiber_id{}`.
[[nodiscard]] fiber_id id() noexcept;

/// The name given at spawn, empty if none was. Valid while the fiber lives.
[[nodiscard]] std::string_view name() noexcept;

/// Whether the caller runs on a fiber's stack. The original's `in_coroutine`, since 0.2.
[[nodiscard]] bool in_fiber() noexcept;

/// The number of workers of the calling fiber's runtime; outside of fibers 0. Useful for starting one acceptor a
/// worker. The original's `thread_num`, since 0.2.
[[nodiscard]] unsigned worker_count() noexcept;

/// Whether the calling fiber was asked to stop, by `join_handle::cancel` or with its runtime, also where it does not see that at its calls:
/// in a `shield`, and while an exception unwinds its stack. For loops that compute. Spends from the operation budget, so it may let
/// others run. Outside of fibers false. New here.
[[nodiscard]] bool cancel_requested() noexcept;

/// The same as the standard has it, for code that takes a `std::stop_token`: it can be asked from any thread, and stays valid after the
/// fiber's end. It tells of a cancel from then on when the fiber is asked; callbacks that were registered with it are called by
/// whoever asks, on his stack or on that of a worker, and must not wait. Outside of fibers it is a token that never tells of a stop.
///
/// Throws `std::bad_alloc`. No cancellation point. New here.
[[nodiscard]] std::stop_token stop_token();

}  // namespace this_fiber
}  // namespace mioco
