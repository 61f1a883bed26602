// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Waiting for the first of several things.

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>

#include <mioco/detail/quick_take.hpp>
#include <mioco/detail/select_arm.hpp>
#include <mioco/select_waiter.hpp>

namespace mioco {

namespace detail {

class otherwise_arm : public select_arm {
public:
    template <class Case>
    explicit otherwise_arm(Case&&) noexcept : select_arm(kind::otherwise) {}
    bool try_take() override { return true; }
    void take() {}
};

struct otherwise_case {
    using select_arm_type = otherwise_arm;
    static bool looks_ready() noexcept { return false; }  // not while there may be others
};

template <class Case>
struct guarded_case;

template <class Case>
class guarded_arm : public arm_for<Case> {
public:
    explicit guarded_arm(guarded_case<Case>&& from) : arm_for<Case>(std::forward<Case>(from.what)) {
        if (!from.wanted) this->leave_out();
    }
};

template <class Case>
struct guarded_case {
    using select_arm_type = guarded_arm<Case>;
    bool wanted;
    Case what;

    [[nodiscard]] bool looks_ready() const noexcept { return wanted && detail::looks_ready(what); }
    auto take_now()
        requires gives_at_once<Case>
    {
        return what.take_now();
    }
    template <class Result, std::size_t I, class Slow>
    Result take_now_or(const Slow& slow)
        requires takes_at_once<std::remove_reference_t<Case>>
    {
        return what.template take_now_or<Result, I>(slow);
    }
};

template <class Case, class Handler>
struct handled_case;

template <class Case, class Handler>
class handled_arm : public arm_for<Case> {
public:
    explicit handled_arm(handled_case<Case, Handler>&& from)
        : arm_for<Case>(std::forward<Case>(from.what)), handler_(std::move(from.handler)) {}

    decltype(auto) take() {
        using base = arm_for<Case>;
        if constexpr (std::is_void_v<decltype(base::take())>) {
            base::take();
            return handler_();
        } else {
            return handler_(base::take());
        }
    }

private:
    Handler handler_;
};

template <class Case, class Handler>
struct handled_case {
    using select_arm_type = handled_arm<Case, Handler>;
    Case what;
    Handler handler;

    [[nodiscard]] bool looks_ready() const noexcept { return detail::looks_ready(what); }
    // Not `take_now`: a handler's handler is rare, and left to the arms.
    template <class Result, std::size_t I, class Slow>
    Result take_now_or(const Slow& slow)
        requires gives_at_once<Case>
    {
        auto taken = what.take_now();
        if (!taken) return slow(I);
        using result = std::invoke_result_t<Handler&, decltype(*std::move(taken))>;
        if constexpr (std::is_void_v<result>) {
            handler(*std::move(taken));
            return Result(std::in_place_index<I>);
        } else {
            return Result(std::in_place_index<I>, handler(*std::move(taken)));
        }
    }
};

template <std::size_t I = 0, class Result, class Arms>
Result nth_result(Arms& arms, std::size_t won) {
    if constexpr (I + 1 < std::tuple_size_v<Arms>) {
        if (won != I) return nth_result<I + 1, Result>(arms, won);
    }
    return Result(std::in_place_index<I>, result_of(std::get<I>(arms)));
}

template <class Result, class... Cases>
[[gnu::noinline]] Result select_by_arms(bool may_wait, std::size_t start, Cases&... cases) {
    std::tuple<arm_for<Cases>...> arms(std::forward<Cases>(cases)...);
    const std::size_t won = std::apply(
        [&](auto&... each) {
            const std::array<select_arm*, sizeof...(Cases)> list{&each...};
            return select_one(list, may_wait, start);
        },
        arms);
    return nth_result<0, Result>(arms, won);
}

}  // namespace detail

/// As a case of `select`: what is taken when no other case can be at once. The select does not wait then.
inline constexpr detail::otherwise_case otherwise{};

/// A case with what is to be done when it wins: `handler` is called with its result, if it has one, when the select is over, and
/// may wait. What it returns is the case's result.
template <detail::select_case Case, class Handler>
[[nodiscard]] auto on(Case&& what, Handler&& handler) {
    return detail::handled_case<Case, std::decay_t<Handler>>{std::forward<Case>(what),
                                                             std::forward<Handler>(handler)};
}

/// A case that takes part only if `wanted`.
template <detail::select_case Case>
[[nodiscard]] auto when(bool wanted, Case&& what) {
    return detail::guarded_case<Case>{wanted, std::forward<Case>(what)};
}

/// Waits until one of the cases can be taken, and takes it: exactly one. The result is a variant whose `index()` is the case's
/// position and whose value is that case's result, `std::monostate` if it has none. Of several that can be taken one is
/// chosen at random, so that none starves; the others are left as they were. The same object may stand in several cases.
///
///     auto event = mioco::select(connection.readable(), inbox.receiving(), mioco::after(5s));
///     if (event.index() == 2) return;
///
/// Inside a fiber it parks that, outside it blocks the thread. A cancellation point: a cancelled call has taken nothing.
/// Throws what taking the case's result throws, and `std::system_error` when no case takes part. The original's `select!`,
/// since 0.2.
template <detail::select_case... Cases>
    requires(sizeof...(Cases) > 0)
auto select(Cases&&... cases) {
    using result =
        std::variant<decltype(detail::result_of(std::declval<detail::arm_for<Cases>&>()))...>;
    const bool may_wait = detail::begin_operation(detail::wait_reason::select);
    return detail::take_one_or<result>(
        [&](std::size_t start) {
            return detail::select_by_arms<result, Cases...>(may_wait, start, cases...);
        },
        cases...);
}

/// A case of any kind, for lists whose length or kinds are known only at run time. Move-only. One that was moved from can be assigned
/// to; every other use throws `std::system_error` (`invalid_argument`).
///
///     std::vector<mioco::any_case> cases;
///     for (auto& each : inboxes) cases.emplace_back(each.receiving());
///     const std::size_t won = mioco::select(cases);
///     auto item = cases[won].take<std::optional<int>>();
class any_case {
public:
    /// Holds the case. An item to send is held, too, and gone once it is sent: such a case takes part once.
    template <detail::select_case Case>
    explicit any_case(Case&& what)
        : held_(std::make_unique<holder<Case>>(std::forward<Case>(what))) {}

    /// The result of the case that has won, once. One made by `on` has called its handler already. Throws `std::bad_cast`
    /// if it has no result of this type, or none any more.
    template <class Result>
    Result take() {
        auto* const result = static_cast<std::optional<Result>*>(held().result(typeid(Result)));
        if (result == nullptr || !*result) throw std::bad_cast();
        Result taken = std::move(**result);
        result->reset();
        return taken;
    }

private:
    friend std::size_t select(std::span<any_case> cases);

    struct holder_base {
        virtual ~holder_base() = default;
        virtual detail::select_arm& arm() noexcept = 0;
        virtual void finish() = 0;
        virtual void* result(const std::type_info& type) noexcept = 0;
    };

    template <class Case>
    class holder final : public holder_base {
        using result_type = decltype(detail::result_of(std::declval<detail::arm_for<Case>&>()));

    public:
        explicit holder(Case&& what) : arm_(std::forward<Case>(what)) {}
        detail::select_arm& arm() noexcept override { return arm_; }
        void finish() override { result_.emplace(detail::result_of(arm_)); }
        void* result(const std::type_info& type) noexcept override {
            return type == typeid(result_type) ? &result_ : nullptr;
        }

    private:
        detail::arm_for<Case> arm_;
        std::optional<result_type> result_;
    };

    [[nodiscard]] holder_base& held() const {
        if (held_ == nullptr) [[unlikely]]
            detail::throw_no_case();
        return *held_;
    }

    std::unique_ptr<holder_base> held_;
};

/// The same for a list of cases, 65,000 at most; returns the position of the one that was taken, which `any_case::take` gives the result
/// of. What taking it throws this throws, too: of several `joining` cases it is the one whose handle is not `joinable` any more.
/// Throws `std::system_error` with `std::errc::argument_list_too_long` for a longer list, and with
/// `std::errc::invalid_argument` for an empty one and for a case that was moved from.
std::size_t select(std::span<any_case> cases);

}  // namespace mioco
