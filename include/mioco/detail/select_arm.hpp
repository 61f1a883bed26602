// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>

#include <mioco/detail/wait_queue.hpp>
#include <mioco/select_waiter.hpp>

struct pollfd;

namespace mioco::detail {

/// One case of a select that is under way, with what it leaves where it waits. Lies in the select's frame.
class select_arm {
public:
    enum class kind : std::uint8_t {
        queued,  // stands in line with others, and is given what it waits for
        hinted,  // is woken, and then looks
        timed,   // is due at a time
        otherwise,
        off  // left out
    };

    explicit select_arm(kind what) noexcept : kind_(what) {}
    virtual ~select_arm() = default;
    select_arm(const select_arm&) = delete;
    select_arm& operator=(const select_arm&) = delete;

    [[nodiscard]] kind what() const noexcept { return kind_; }
    void leave_out() noexcept { kind_ = kind::off; }

    /// Before each select of an arm that is used again: what the last one saw counts no more.
    virtual void begin() noexcept {}
    /// Takes the result if it can be had now.
    virtual bool try_take() = 0;

    // Queued; all but the first under the guard.
    enum class attempt : std::uint8_t { done, not_now, once_more };
    [[nodiscard]] virtual spin_lock* guard() const noexcept { return nullptr; }
    /// `once_more`: after a `try_take` without the guard.
    virtual attempt try_guarded(wake_up&) noexcept { return attempt::not_now; }
    virtual void get_into_line(std::uint64_t /*token*/, std::uint16_t /*number*/) noexcept {}
    virtual void leave_line() noexcept {}
    /// It was given what it waits for, or refused. Not under the guard.
    virtual void note_claimed() noexcept {}

    // Hinted
    /// False: there may be something already.
    virtual bool arm(const select_waiter&) noexcept { return true; }
    virtual void disarm(const select_waiter&) noexcept {}
    /// Of a descriptor, for a plain thread, which looks itself; false without one.
    [[nodiscard]] virtual bool poll_entry(pollfd&) const noexcept { return false; }

    // Timed, and hinted; after a `try_take` it may be another one
    [[nodiscard]] virtual nanoseconds_t deadline() const noexcept { return never; }

private:
    kind kind_;
};

inline constexpr std::size_t most_select_arms = 65'000;
inline constexpr std::size_t any_start = static_cast<std::size_t>(-1);  // one by chance

/// [after `begin_operation`, which returned `may_wait`] Waits until one of the arms has its result, and returns its position. The first
/// to be tried is `start`. Throws fiber_cancelled, what an arm's `try_take` throws, and std::system_error for a list that is
/// empty or too long.
std::size_t select_one(std::span<select_arm* const> arms, bool may_wait,
                       std::size_t start = any_start);

[[noreturn]] void throw_no_case();

/// An arm of a user's own type.
template <selectable Case>
class user_arm : public select_arm {
    using taken = decltype(std::declval<Case&>().try_take());

public:
    explicit user_arm(Case&& c) : select_arm(kind::hinted), case_(std::forward<Case>(c)) {}

    bool try_take() override {
        result_ = case_.try_take();
        return static_cast<bool>(result_);
    }
    bool arm(const select_waiter& who) noexcept override { return case_.arm(who); }
    void disarm(const select_waiter& who) noexcept override { case_.disarm(who); }

    auto take() {
        if constexpr (!std::is_same_v<taken, bool>) return std::move(*result_);
    }

private:
    Case case_;
    taken result_{};
};

template <class Case>
struct arm_of {
    using type = user_arm<Case>;
};
template <class Case>
    requires requires { typename std::remove_cvref_t<Case>::select_arm_type; }
struct arm_of<Case> {
    using type = typename std::remove_cvref_t<Case>::select_arm_type;
};
template <class Case>
    requires(!requires { typename Case::select_arm_type; })
struct arm_of<const Case&> {
    using type = user_arm<Case>;  // a copy
};
/// The arm that a case becomes in a select; an lvalue of a user's own type is referred to, as it lives longer.
template <class Case>
using arm_for = typename arm_of<Case>::type;

template <class T>
concept select_case = selectable<std::remove_cvref_t<T>> ||
                      requires { typename std::remove_cvref_t<T>::select_arm_type; };

/// What an arm gives, for a variant.
template <class Arm>
auto result_of(Arm& arm) {
    if constexpr (std::is_void_v<decltype(arm.take())>) {
        arm.take();
        return std::monostate();
    } else {
        return arm.take();
    }
}

}  // namespace mioco::detail
