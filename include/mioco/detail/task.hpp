// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

// What a fiber runs: a closure and, after it, in the same storage, its result. The storage lies in the fiber's control
// block when it fits, so that a small spawn allocates nothing.

namespace mioco::detail {

struct task_ops {
    std::size_t size;
    std::size_t alignment;
    /// Runs the closure, destroys it, and then leaves the result in `storage`. What the closure or its destructor
    /// throws comes out; the closure is gone in every case.
    void (*run)(void* storage);
    /// Destroys a closure that was never run.
    void (*discard)(void* storage);
    /// Null: there is nothing to destroy.
    void (*destroy_result)(void* storage) noexcept;
};

struct nothing {};

/// How a result of type R is kept until it is joined: a reference as a pointer, void as an empty object.
template <class R>
using stored_result =
    std::conditional_t<std::is_void_v<R>, nothing,
                       std::conditional_t<std::is_reference_v<R>, std::remove_reference_t<R>*, R>>;

template <class R, class Call>
stored_result<R> call_for_result(Call&& call) {
    if constexpr (std::is_void_v<R>) {
        std::forward<Call>(call)();
        return {};
    } else if constexpr (std::is_reference_v<R>) {
        R result = std::forward<Call>(
            call)();  // a named reference is an lvalue, whose address can be taken
        return std::addressof(result);
    } else {
        return std::forward<Call>(call)();
    }
}

template <class R>
R take_result(void* storage) {
    auto& stored = *static_cast<stored_result<R>*>(storage);
    if constexpr (std::is_void_v<R>) {
        return;
    } else if constexpr (std::is_reference_v<R>) {
        return static_cast<R>(*stored);
    } else {
        return std::move(stored);
    }
}

/// A callable with its arguments, all kept by value as std::thread keeps them.
template <class F, class... Args>
struct closure {
    std::decay_t<F> function;
    [[no_unique_address]] std::tuple<std::decay_t<Args>...> arguments;

    using result = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;

    result operator()() { return std::apply(std::move(function), std::move(arguments)); }
};

template <class Closure>
struct task {
    using result = typename Closure::result;
    using stored = stored_result<result>;
    static_assert(std::is_nothrow_move_constructible_v<stored> ||
                      std::is_move_constructible_v<stored>,
                  "a fiber's result must be movable");

    static void run(void* storage) {
        auto* closure = static_cast<Closure*>(storage);
        std::optional<stored> value;
        {
            const std::unique_ptr<Closure, decltype([](Closure* c) { std::destroy_at(c); })> owner(
                closure);
            value.emplace(call_for_result<result>(*closure));
        }
        ::new (storage) stored(std::move(*value));
    }

    static void discard(void* storage) { std::destroy_at(static_cast<Closure*>(storage)); }

    static void destroy_result(void* storage) noexcept {
        std::destroy_at(static_cast<stored*>(storage));
    }

    static constexpr task_ops ops{
        sizeof(Closure) > sizeof(stored) ? sizeof(Closure) : sizeof(stored),
        alignof(Closure) > alignof(stored) ? alignof(Closure) : alignof(stored), &run, &discard,
        std::is_trivially_destructible_v<stored> ? nullptr : &destroy_result};
};

}  // namespace mioco::detail
