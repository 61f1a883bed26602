// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <mioco/detail/scope_core.hpp>
#include <mioco/detail/task.hpp>
#include <mioco/event.hpp>
#include <mioco/spawn.hpp>

namespace mioco {

/// The result of a fiber that `scope::fork` has started. Move-only. The scope outlives the fiber, and this may outlive the scope.
template <class T>
class forked {
public:
    /// Waits for the fiber's result and returns it, or rethrows what it threw. A fiber that was cancelled gives `std::system_error` with
    /// `std::errc::operation_canceled`. Parks the calling fiber, or blocks the thread; a cancellation point, after which it can be
    /// called again. After a result it throws `std::system_error` (`invalid_argument`).
    T join() {
        if (!state_) detail::throw_nothing_forked();
        state_->ended.wait();
        const auto kept = std::exchange(state_, nullptr);
        if (kept->error != nullptr) std::rethrow_exception(kept->error);
        if (!kept->result) detail::throw_was_cancelled();
        return detail::take_result<std::remove_cv_t<T>>(std::addressof(*kept->result));
    }

private:
    friend class scope;
    using state = detail::forked_state<T>;

    explicit forked(std::shared_ptr<state> made) noexcept : state_(std::move(made)) {}

    std::shared_ptr<state> state_;
};

/// Fibers that end before a block of code is left: they may refer to whatever was made before the scope.
///
///     mioco::scope all;
///     for (auto& each : servers) all.spawn([&] { each.answer = ask(each.address); });
///     all.wait();  // an exception of any of them ends the others, and comes out here
///
/// The first exception that leaves one of its fibers cancels the others, and `wait` rethrows it once all have ended. The destructor
/// waits for all, too; when it runs because an exception unwinds the stack, it cancels them first. If its fiber is cancelled, or a
/// deadline of it passes, while it waits for them, they are cancelled as well, and waited for. So no fiber of a scope lives on after it,
/// and that is why references to the enclosing block are safe.
///
/// `spawn`, `fork` and `cancel` may be called by its fibers as well, all at once; everything else by its owner alone. On a plain thread the
/// fibers are the default runtime's. New here.
class scope {
public:
    /// At most `limit` fibers run at once, 0: as many as are spawned. Throws `std::bad_alloc`.
    explicit scope(std::size_t limit = 0, on_failure what = on_failure::cancel_all)
        : core_(detail::make_scope(limit, what)) {}
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
    /// Waits as above. An exception of a fiber that no `wait` has thrown is written to stderr.
    ~scope() = default;

    /// Runs `f(args...)` in a new fiber of the scope; what it returns is dropped. Waits for room while as many run as may. That is a
    /// cancellation point. Throws what `mioco::spawn` throws.
    template <class F, class... Args>
        requires fiber_function<F, Args...>
    void spawn(F&& f, Args&&... args) {
        detail::place_in_scope place(*core_);
        start(child<nothing_kept, F, Args...>{
            std::move(place), {}, {std::forward<F>(f), {std::forward<Args>(args)...}}});
    }

    /// The same for a result: `join` of what it returns gives that, or what `f` threw, which is the scope's failure all the same.
    template <class F, class... Args>
        requires fiber_function<F, Args...>
    forked<fiber_result<F, Args...>> fork(F&& f, Args&&... args) {
        using result = fiber_result<F, Args...>;
        detail::place_in_scope place(*core_);
        auto state = std::make_shared<detail::forked_state<result>>();
        start(child<detail::forked_result<result>, F, Args...>{
            std::move(place),
            detail::forked_result<result>(state),
            {std::forward<F>(f), {std::forward<Args>(args)...}}});
        return forked<result>(std::move(state));
    }

    /// Asks all its fibers to stop, and every one that is spawned before `wait` has returned. Returns at once. A fiber of the scope that calls this
    /// goes on, and is left for another's cancel; unless the `spawn` that made it has not returned yet.
    void cancel() noexcept { core_->cancel(); }

    /// Waits until all its fibers have ended, then rethrows the first exception that left one. Parks the calling fiber, or blocks the thread. A
    /// cancellation point: a caller that is cancelled, or whose deadline passes, cancels the fibers, and goes when they have ended. The
    /// scope can be used again afterwards.
    void wait() { core_->wait(); }

private:
    struct nothing_kept {
        template <class Call>
        void take(Call& call) {
            static_cast<void>(call());
        }
        void fail(const std::exception_ptr&) noexcept {}
    };

    // Its members go from the last to the first: what the function refers to is there until it is gone, and only then is there room.
    template <class Keeper, class F, class... Args>
    struct child {
        detail::place_in_scope place;
        Keeper keeper;
        detail::closure<F, Args...> call;

        void operator()() {
            if (place.contains_failures()) return keeper.take(call);
            try {
                keeper.take(call);
            } catch (const fiber_cancelled&) {
                throw;
            } catch (...) {
                keeper.fail(std::current_exception());
                place.fail(std::current_exception());
            }
        }
    };

    template <class Child>
    void start(Child&& made) {
        core_->make_room();
        detail::fiber* started = nullptr;
        try {
            started = &detail::spawn_fiber(nullptr, {}, std::forward<Child>(made));
        } catch (...) {
            core_->give_room_up();
            throw;
        }
        core_->add(*started);
    }

    std::unique_ptr<detail::scope_core, detail::end_scope> core_;
};

namespace detail {

template <class R>
using result_or_nothing = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

template <class First, class... Rest>
struct raced {
    using type =
        std::conditional_t<(std::is_same_v<First, Rest> && ...), First,
                           std::variant<result_or_nothing<First>, result_or_nothing<Rest>...>>;
};

// Of the function that ended first.
template <class R>
class race_result {
public:
    [[nodiscard]] bool is_first() noexcept { return !has_ended_.exchange(true); }

    std::optional<stored_result<R>> value;
    std::exception_ptr error;
    event over;

private:
    std::atomic<bool> has_ended_{false};
};

template <class R, std::size_t Place, class F>
stored_result<R> run_racer(F& f) {
    using own = std::invoke_result_t<F&>;
    if constexpr (std::is_same_v<R, own>) {
        return call_for_result<R>(f);
    } else if constexpr (std::is_void_v<own>) {
        f();
        return R(std::in_place_index<Place>);
    } else {
        return R(std::in_place_index<Place>, f());
    }
}

template <class R, std::size_t Place, class F>
void take_part_in_race(race_result<R>& in, F& f) {
    std::optional<stored_result<R>> made;
    std::exception_ptr error;
    try {
        made.emplace(run_racer<R, Place>(f));
    } catch (const fiber_cancelled&) {
        throw;
    } catch (...) {
        error = std::current_exception();
    }
    if (!in.is_first()) return;
    in.value = std::move(made);
    in.error = std::move(error);
    in.over.notify();
}

}  // namespace detail

/// Runs all of the functions at once, each in a fiber, until the first of them has ended; then cancels the others and waits for them.
/// Returns what the first returned, or throws what it threw. If they return different types, a `std::variant` whose index is the
/// function's place, with `std::monostate` for void. A cancellation point that leaves no fiber behind. New here.
///
///     const auto reply = mioco::race([&] { return ask(one); }, [&] { return ask(other); });
template <class... Fs>
    requires(sizeof...(Fs) > 0 && (std::invocable<Fs&> && ...))
auto race(Fs&&... fs) {
    using result = typename detail::raced<std::invoke_result_t<Fs&>...>::type;
    detail::race_result<result> first;
    scope all;
    [&]<std::size_t... Place>(std::index_sequence<Place...>) {
        (all.spawn([&] { detail::take_part_in_race<result, Place>(first, fs); }), ...);
    }(std::index_sequence_for<Fs...>());
    first.over.wait();
    all.cancel();
    all.wait();
    if (first.error != nullptr) std::rethrow_exception(first.error);
    return detail::take_result<result>(std::addressof(*first.value));
}

/// Runs all of the functions at once, each in a fiber, and returns a tuple of what they return, with `std::monostate` for void. The first
/// exception cancels the others, and is thrown when they have ended. A cancellation point that leaves no fiber behind. New here.
///
///     const auto [user, orders] = mioco::all([&] { return load_user(id); }, [&] { return load_orders(id); });
template <class... Fs>
    requires((std::invocable<Fs&> && !std::is_reference_v<std::invoke_result_t<Fs&>>) && ...)
auto all(Fs&&... fs) {
    std::tuple<std::optional<detail::result_or_nothing<std::invoke_result_t<Fs&>>>...> results;
    scope together;
    const auto run = [&](auto& f, auto& result) {
        together.spawn([&] {
            if constexpr (std::is_void_v<std::invoke_result_t<decltype(f)>>) {
                f();
                result.emplace();
            } else {
                result.emplace(f());
            }
        });
    };
    std::apply([&](auto&... each) { (run(fs, each), ...); }, results);
    together.wait();
    return std::apply([](auto&... each) { return std::tuple(std::move(*each)...); }, results);
}

/// Calls `f` with each element of `range`, each in a fiber, at most `limit` at once (0: all), and waits for all. An element that is a
/// reference is passed as such, and so may be changed. The first exception cancels the others, and is thrown when they have ended. A
/// cancellation point that leaves no fiber behind. New here.
///
///     mioco::parallel_for_each(urls, 20, [](const std::string& url) { fetch(url); });
template <std::ranges::input_range Range, class F>
    requires std::invocable<F&, std::ranges::range_reference_t<Range>>
void parallel_for_each(Range&& range, std::size_t limit, F f) {
    using element = std::ranges::range_reference_t<Range>;
    scope together(limit);
    for (auto&& each : range) {
        if constexpr (std::is_lvalue_reference_v<element>) {
            together.spawn([&f, &each] { static_cast<void>(f(each)); });
        } else {
            together.spawn([&f, own = std::move(each)]() mutable {
                static_cast<void>(f(static_cast<element>(std::move(own))));
            });
        }
    }
    together.wait();
}

}  // namespace mioco
