// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include <mioco/config.hpp>
#include <mioco/metrics.hpp>
#include <mioco/spawn.hpp>
#include <mioco/time.hpp>

namespace mioco {

namespace detail {
class runtime_core;
struct runtime_access;
}  // namespace detail

/// A set of workers and the fibers that they run. Several may exist at once; a fiber of one may join a fiber of another.
///
///     mioco::runtime rt(mioco::config{}.workers(2));
///     auto answer = rt.spawn([] { return 42; });
///     answer.join();
///
/// The original's `Mioco`, since 0.1.
class runtime {
public:
    /// Checks `settings`; throws `std::invalid_argument` that names what is wrong, or `std::system_error` when the
    /// system has no thread or descriptor left. Threads start at the first spawn.
    explicit runtime(const config& settings = {});
    /// `stop()`, then waits until every fiber has ended and every thread is joined. Exceptions that nobody joined are
    /// reported as `config::uncaught` says, save that `rethrow` reports here.
    ~runtime();
    runtime(const runtime&) = delete;
    runtime& operator=(const runtime&) = delete;

    /// `mioco::spawn` into this runtime, from any thread and from fibers of any runtime.
    template <class F, class... Args>
        requires fiber_function<F, Args...>
    join_handle<fiber_result<F, Args...>> spawn(F&& f, Args&&... args) {
        return detail::handle_access::make<fiber_result<F, Args...>>(
            detail::spawn_fiber(this, {}, std::forward<F>(f), std::forward<Args>(args)...));
    }

    /// The same, with options.
    template <class F, class... Args>
        requires fiber_function<F, Args...>
    join_handle<fiber_result<F, Args...>> spawn(const spawn_options& options, F&& f,
                                                Args&&... args) {
        return detail::handle_access::make<fiber_result<F, Args...>>(
            detail::spawn_fiber(this, options, std::forward<F>(f), std::forward<Args>(args)...));
    }

    /// Runs `f` as a fiber, waits until every fiber of this runtime has ended, and returns what `f` returned or throws
    /// what it threw. On a plain thread the caller becomes the first worker if the runtime has not started yet;
    /// inside a fiber of another runtime the caller is parked. May be called again afterwards.
    template <class F>
        requires fiber_function<F>
    fiber_result<F> run(F&& f) {
        drive_guard guard(*this);
        auto main = spawn({.name = "main"}, std::forward<F>(f));
        guard.finish();
        return main.join();
    }

    /// Asks every fiber, and every one spawned until `wait` has returned, to unwind: each throws `fiber_cancelled` at its
    /// next cancellation point, or where it is parked. Returns at once. Async-signal-safe, and callable from anywhere
    /// while the object exists.
    void stop() noexcept;

    /// `stop()`, then waits until every fiber has ended, but no longer than `grace`. False if some have not: then a `dump` of
    /// them is on stderr, they stay asked to stop, and the object's destructor still waits for them. Who computes without
    /// ever calling the library cannot be stopped.
    ///
    /// Blocks the calling thread, or parks the calling fiber; the last fiber's end wakes it. True as well when another caller of
    /// `wait` has seen that end before. Exceptions are left to `wait`. A cancellation point for fibers of another runtime; the
    /// stop then goes on by itself. In a fiber of this very runtime it throws `std::system_error`
    /// (`resource_deadlock_would_occur`) and stops nothing: there call `mioco::shutdown`. Callable from any thread. New here.
    template <class Rep, class Period>
    bool shutdown(const std::chrono::duration<Rep, Period>& grace) {
        return shut_down_by(detail::deadline_after(grace, now()));
    }

    /// Blocks until no fiber of this runtime is left; parks the caller when that is a fiber of another runtime. A
    /// `stop` is over then, and new fibers can be spawned. Rethrows the first exception under `on_uncaught::rethrow`.
    /// Throws `std::system_error` (`resource_deadlock_would_occur`) in a fiber of this very runtime.
    void wait();

    /// What its workers have done, and what there is. Callable from any thread and at any time while the object exists; does not block but
    /// for short locks. Throws `std::bad_alloc`. See `mioco::metrics`. New here.
    [[nodiscard]] runtime_metrics metrics() const;

    /// The number of workers.
    [[nodiscard]] unsigned worker_count() const noexcept;

private:
    friend struct detail::runtime_access;

    // Makes the caller worker 0, if it may be, until `finish`; also when the spawn in between throws.
    class drive_guard {
    public:
        explicit drive_guard(runtime& r);
        ~drive_guard();
        drive_guard(const drive_guard&) = delete;
        drive_guard& operator=(const drive_guard&) = delete;
        void finish();

    private:
        detail::runtime_core& core_;
        bool driving_;
    };

    bool shut_down_by(detail::steady::time_point deadline);

    std::unique_ptr<detail::runtime_core> core_;
};

/// Runs `f` as the first fiber of a new runtime on this thread and others, waits until every fiber has ended (not just
/// `f`), and returns what `f` returned or rethrows what it threw. Inside a fiber the new runtime has threads of its own,
/// and the caller is parked. The original's `start`, since 0.1.
template <class F>
    requires fiber_function<F>
fiber_result<F> run(const config& settings, F&& f) {
    return runtime(settings).run(std::forward<F>(f));
}

/// The same with the default config.
template <class F>
    requires fiber_function<F>
fiber_result<F> run(F&& f) {
    return runtime().run(std::forward<F>(f));
}

/// Ends the runtime of the calling fiber: asks all its fibers to stop, as `runtime::stop` does, and the caller first of all. Never
/// returns: it throws `fiber_cancelled`, in a destructor too (where, during unwinding, that ends the
/// process). So destructors run everywhere, whether a fiber runs, waits or has not begun, and a `run` whose function calls
/// this throws `std::system_error` (`operation_canceled`). A fiber that stays can be found by `runtime::shutdown` from
/// outside.
///
/// Does not wait, but like all calls it may let others run first. Outside of fibers it throws `std::system_error`
/// (`operation_not_permitted`). In the original since 0.3.
[[noreturn]] void shutdown();

/// From the next signal `signal_number` (such as SIGINT) on, stops the runtime of the calling fiber as `runtime::stop`
/// does; a second signal has its default effect, and so ends a process that does not come to its end. The handler that
/// was there before is put back when the runtime ends. Of several runtimes a signal stops the one that asked last, and none
/// once that has ended. In a forked child it has its default effect. Does not block, and is no cancellation point. Throws
/// `std::system_error` when the number is no signal that can be handled (`invalid_argument`), outside of fibers
/// (`operation_not_permitted`), and in a simulation (`operation_not_supported`); `std::logic_error` in a forked child. New here.
void stop_on_signal(int signal_number);

}  // namespace mioco
