// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace mioco {

namespace detail {
struct select_access;
}

/// Somebody who waits in a `select`: what a case of the user's own keeps until it has something for him. A small value; to keep
/// one that is out of date does no harm.
class select_waiter {
public:
    /// Ends the wait, so that the case is tried again. False if it had ended already, by another case, a deadline or a cancel:
    /// then whatever there is is somebody else's. From any fiber or thread; blocks nobody.
    [[nodiscard]] bool wake() const noexcept;
    /// Whether both stand for the same wait.
    friend bool operator==(const select_waiter&, const select_waiter&) noexcept = default;

private:
    friend struct detail::select_access;
    select_waiter(std::uint64_t token, std::uint16_t arm) noexcept : token_(token), arm_(arm) {}

    std::uint64_t token_;
    std::uint16_t arm_;
};

namespace detail {

template <class>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
concept case_result = std::same_as<T, bool> || is_optional<T>;

}  // namespace detail

/// What a type needs to be a case of `select`. A select tries its cases; if none has anything, it arms each, waits for one of
/// the waiters to be woken, disarms them all, and tries again.
///
/// - `try_take()` takes what there is, without waiting: a `bool`, or a `std::optional` of the case's result.
/// - `arm(waiter)` keeps the waiter for whoever brings something. False if there is something already: then nothing is kept,
///   and the select tries again.
/// - `disarm(waiter)` forgets it. If it was taken out to be woken, and what it was woken for is still there, then the select
///   may have been won by another case: the next waiter must be woken in its place.
///
/// The three are called on the selecting fiber or thread, where `arm` and `disarm` must neither throw nor wait.
template <class C>
concept selectable = requires(C& c, const select_waiter& who) {
    { c.try_take() } -> detail::case_result;
    { c.arm(who) } noexcept -> std::same_as<bool>;
    { c.disarm(who) } noexcept;
};

}  // namespace mioco
