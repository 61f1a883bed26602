// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

#include <mioco/detail/task.hpp>

namespace mioco {

namespace detail {

enum class offloading : bool { may_be_cancelled, is_certain };

/// Runs `call(context)` on a thread of the pool, or right here outside of fibers. Throws what it threw.
void offload_call(void (*call)(void*), void* context, offloading how);

/// The same for a closure with a result. It is used where it lies, and so is what it refers to: the caller leaves its frame
/// only when the closure has returned or is certain never to be called.
template <class R, class Call>
R offload_for_result(Call& call, offloading how) {
    using kept = std::remove_cv_t<R>;
    struct frame {
        Call& call;
        std::optional<stored_result<kept>> result;
    };
    frame mine{call, std::nullopt};
    offload_call(
        [](void* context) {
            frame& callers = *static_cast<frame*>(context);
            callers.result.emplace(call_for_result<kept>(callers.call));
        },
        &mine, how);
    return take_result<kept>(std::addressof(*mine.result));
}

/// As `offload_call`, for a call that looks at its token: that tells when the caller is interrupted.
void offload_told_call(void (*call)(void*, const std::stop_token&), void* context);

template <class R, class Call>
R offload_told_for_result(Call& call) {
    using kept = std::remove_cv_t<R>;
    struct frame {
        Call& call;
        std::optional<stored_result<kept>> result;
    };
    frame mine{call, std::nullopt};
    offload_told_call(
        [](void* context, const std::stop_token& token) {
            frame& callers = *static_cast<frame*>(context);
            callers.result.emplace(
                call_for_result<kept>([&]() -> R { return callers.call(token); }));
        },
        &mine);
    return take_result<kept>(std::addressof(*mine.result));
}

/// A call that its caller may leave: it owns all that it uses.
class abandonable_call {
public:
    abandonable_call() = default;
    virtual ~abandonable_call() = default;
    abandonable_call(const abandonable_call&) = delete;
    abandonable_call& operator=(const abandonable_call&) = delete;
    virtual void make(const std::stop_token& token) = 0;

    std::exception_ptr error;
};
/// Throws when the caller is interrupted; else the call has been made.
void offload_and_may_leave(const std::shared_ptr<abandonable_call>& call);

/// `Token` is `std::stop_token`, or nothing if the function takes none.
template <class R, class F, class Arguments, class... Token>
class abandonable_closure final : public abandonable_call {
public:
    template <class G, class... Args>
    explicit abandonable_closure(std::in_place_t, G&& f, Args&&... args)
        : function_(std::forward<G>(f)), arguments_(std::forward<Args>(args)...) {}

    void make(const std::stop_token& token) override {
        result.emplace(call_for_result<R>([&]() -> R {
            return std::apply(
                [&](auto&... each) -> R {
                    return std::invoke(std::move(function_), Token(token)..., std::move(each)...);
                },
                arguments_);
        }));
    }

    std::optional<stored_result<R>> result;

private:
    F function_;
    Arguments arguments_;
};

template <class R, class... Token, class F, class... Args>
R offload_owned(F&& f, Args&&... args) {
    using kept = std::remove_cv_t<R>;
    using call_type =
        abandonable_closure<kept, std::decay_t<F>, std::tuple<std::decay_t<Args>...>, Token...>;
    const auto call =
        std::make_shared<call_type>(std::in_place, std::forward<F>(f), std::forward<Args>(args)...);
    offload_and_may_leave(call);
    if (call->error != nullptr) std::rethrow_exception(std::exchange(call->error, nullptr));
    return take_result<kept>(std::addressof(*call->result));
}

template <class F, class... Args>
concept told_function = !std::invocable<F, Args...> && std::invocable<F, std::stop_token, Args...>;

}  // namespace detail

/// Runs `f(args...)` on a thread that may block, and parks the calling fiber until it has returned: the way to call code
/// that would hold a worker up, such as `getnameinfo`, a database's client, or a long computation. Returns what `f`
/// returned, or throws what it threw.
///
/// `f` and `args` are neither copied nor moved, and may be move-only. They may refer to the caller's stack: the caller does
/// not leave its frame before `f` has returned, or was taken from the queue without having been called. The result must be
/// movable, unless it is a reference.
///
/// Inside, `this_fiber::in_fiber()` is false. All of the library's calls work there as on any plain thread: they block that
/// thread, and `spawn` starts a fiber of the default runtime. Called there again, or on another thread that runs no fiber,
/// `offload` simply calls `f`: the thread is one that may block. So nested calls need no second thread.
///
/// The threads are the runtime's own: they start one by one as they are needed, `config::offload_threads` of them at most, and end
/// when they were idle for ten seconds, or with the runtime. They block all signals but those that code causes itself, such as
/// SIGSEGV. When all are busy, calls wait in order. An `f` that waits for another fiber holds its thread all the while; if
/// that fiber offloads too, it needs a second one. When all threads are held by calls that wait so, they wait for ever.
///
/// A cancellation point before `f` begins: a call that waits for a thread is taken out of the queue, throws
/// `fiber_cancelled`, and `f` is not called. Once `f` runs it is waited for, and its result counts. Throws
/// `std::system_error` (`resource_unavailable_try_again`) if the system has no thread left and the pool has none, and
/// `std::logic_error` in a fiber of a forked child. In the original since 0.2, as `sync` until 0.6.
template <class F, class... Args>
    requires std::invocable<F, Args...>
std::invoke_result_t<F, Args...> offload(F&& f, Args&&... args) {
    using result = std::invoke_result_t<F, Args...>;
    auto call = [&]() -> result {
        return std::invoke(std::forward<F>(f), std::forward<Args>(args)...);
    };
    return detail::offload_for_result<result>(call, detail::offloading::may_be_cancelled);
}

/// The same for a function that takes a `std::stop_token` first, and is told by it: when the calling fiber is cancelled, its runtime stopped, or
/// the time of a `with_deadline` over while `f` runs, the token says so, and callbacks that are registered with it are called, on the
/// worker; they must not wait. The call is still waited for, and what it returns or throws is what the caller gets, heeded or not: the
/// next call that waits throws then. In a `shield` the token tells of nothing from outside.
///
///     const bool found = mioco::offload([&](const std::stop_token& stop) { return search(index, stop); });
///
/// A function that can be called without a token gets none. Outside of fibers the token never tells of anything, as nobody is there to tell. Throws
/// `std::bad_alloc`, else all is as above. New here.
template <class F, class... Args>
    requires detail::told_function<F, Args...>
std::invoke_result_t<F, std::stop_token, Args...> offload(F&& f, Args&&... args) {
    using result = std::invoke_result_t<F, std::stop_token, Args...>;
    auto call = [&](const std::stop_token& token) -> result {
        return std::invoke(std::forward<F>(f), token, std::forward<Args>(args)...);
    };
    return detail::offload_told_for_result<result>(call);
}

/// As `offload`, for a call that nothing ends, as a database's client that waits for its server: the caller leaves it. A cancellation point all
/// the time, also while `f` runs: a caller that is cancelled, or whose deadline passes, goes at once, and `f` goes on without it.
///
/// So `f` must refer to nothing that the caller owns: it and `args` are moved or copied, as by `std::thread`, and what it returns or
/// throws after its caller has left is dropped, on the thread that it ran on. It holds its thread until it returns, and the end of the
/// runtime waits for it. An `f` that takes a `std::stop_token` first is told that its caller has left.
///
/// Outside of fibers it simply calls `f`. Throws what `offload` throws, and `std::bad_alloc`. New here.
template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...> offload_abandonable(F&& f,
                                                                                 Args&&... args) {
    using result = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;
    return detail::offload_owned<result>(std::forward<F>(f), std::forward<Args>(args)...);
}
/// The same with a `std::stop_token`.
template <class F, class... Args>
    requires detail::told_function<std::decay_t<F>, std::decay_t<Args>...>
std::invoke_result_t<std::decay_t<F>, std::stop_token, std::decay_t<Args>...> offload_abandonable(
    F&& f, Args&&... args) {
    using result = std::invoke_result_t<std::decay_t<F>, std::stop_token, std::decay_t<Args>...>;
    return detail::offload_owned<result, std::stop_token>(std::forward<F>(f),
                                                          std::forward<Args>(args)...);
}

/// Runs `f` as a part of the calling fiber that is known to block, while other fibers have the worker: `offload` for a scope
/// rather than for a call. It differs in one thing: `f` is certain to be called, as a block of code in its place would be.
/// So it is no cancellation point, and destructors may use it.
///
///     mioco::block_in_place([&] {
///         legacy_parse(file, &settings);
///         legacy_check(settings);
///     });
///
/// It runs on a thread of the pool, not on the one that the fiber was on: as around every call that parks, there must be no
/// `std::mutex` held across its begin or its end, and the worker's `thread_local` variables are not seen in it. Nor is the fiber:
/// `this_fiber::in_fiber()` is false inside, and the library's calls block. Who comes from Tokio, whose `block_in_place`
/// stays on its thread and moves the worker to another one, finds the same promise here, that nobody else is held up, by
/// the opposite move; and it works with a single worker. Everything else, also the errors, is as in `offload`.
template <class F>
    requires std::invocable<F>
std::invoke_result_t<F> block_in_place(F&& f) {
    using result = std::invoke_result_t<F>;
    auto call = [&]() -> result { return std::invoke(std::forward<F>(f)); };
    return detail::offload_for_result<result>(call, detail::offloading::is_certain);
}

}  // namespace mioco
