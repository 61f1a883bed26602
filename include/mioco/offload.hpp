// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
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
