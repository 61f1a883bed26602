// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Signals of the system, to wait for.

#include <chrono>
#include <initializer_list>
#include <optional>
#include <span>
#include <variant>

#include <mioco/detail/signal_arm.hpp>
#include <mioco/select.hpp>
#include <mioco/timer.hpp>

namespace mioco {

/// Receives signals that are sent to the process, such as SIGHUP, SIGUSR1 or SIGCHLD.
///
///     mioco::signals reload{SIGHUP};
///     for (;;) {
///         reload.recv();
///         read_settings();
///     }
///
/// From the construction to the destruction such a signal does not have its former effect. What comes while nobody waits is kept: one of each
/// number, as the system does with signals that are blocked. Of several objects with the same signal each gets it; of several fibers
/// and threads that wait at one object, one of them. Any fibers and threads of any runtimes may use it at once, and it does not matter which
/// thread the system interrupts. It takes a descriptor.
///
/// A handler that was there before is called too, after the objects were told, in the interrupted thread. When the last object with a
/// signal goes, that handler or the former effect is put back, unless somebody has installed another handler meanwhile. To install one takes
/// the signal away from the objects; one that calls the handler it replaced, as is usual, leaves it to them.
///
/// In a forked child a signal has its former effect, and every call but the destructor throws `std::logic_error`. New here.
class signals {
public:
    /// Of these signals. Does not block. Throws `std::system_error`: `invalid_argument` without any, for a number that is no signal, for those
    /// that nobody can handle (SIGKILL, SIGSTOP), and for those that tell of a fault in the running code (SIGSEGV, SIGFPE, SIGILL,
    /// SIGBUS); `device_or_resource_busy` for one that `stop_on_signal` has; `operation_not_supported` in a simulation; and when the process
    /// is out of descriptors. `std::logic_error` in a forked child.
    signals(std::initializer_list<int> numbers)
        : signals(std::span<const int>(numbers.begin(), numbers.size())) {}
    /// The same.
    explicit signals(std::span<const int> numbers);
    signals(const signals&) = delete;
    signals& operator=(const signals&) = delete;
    /// What has come and was not received goes with it. Nobody may wait any more. Waits for handlers that are just telling it, which
    /// is over at once.
    ~signals() = default;

    /// The number of a signal that has come. Parks the fiber, or blocks the thread, until there is one. A cancellation point: a cancelled
    /// call has received nothing. Throws `std::system_error` when a thread or worker has no descriptor to wait with.
    int recv();
    /// The number of a signal that has come, if one has. Never blocks, and is no cancellation point.
    [[nodiscard]] std::optional<int> try_recv();
    /// As `recv`, but waits until `deadline` at most, which gives nothing.
    template <class Duration>
    [[nodiscard]] std::optional<int> try_recv_until(
        const std::chrono::time_point<std::chrono::steady_clock, Duration>& deadline) {
        auto ended = select(receiving(), at(deadline));
        return ended.index() == 0 ? std::optional(std::get<0>(ended)) : std::nullopt;
    }
    /// As `recv`, but waits for `limit` at most, which gives nothing.
    template <class Rep, class Period>
    [[nodiscard]] std::optional<int> try_recv_for(const std::chrono::duration<Rep, Period>& limit) {
        auto ended = select(receiving(), after(limit));
        return ended.index() == 0 ? std::optional(std::get<0>(ended)) : std::nullopt;
    }

    /// Receiving a signal, as a case of `select`, whose result is the number. When another case wins, the signal is kept. Valid while
    /// this object lives.
    [[nodiscard]] detail::signal_case receiving() noexcept { return {box_.get()}; }

private:
    detail::signal_box_ptr box_;
};

/// How a server learns that it is to end: the first SIGINT or SIGTERM says so to all who wait for it here, from then on for ever, and a
/// second one ends the process at once, by its default effect.
///
///     mioco::graceful_stop stop;
///     mioco::scope connections(0, mioco::on_failure::contain);
///     for (;;) {
///         auto next = mioco::select(stop.waiting(), listener.accepting());
///         if (next.index() == 0) break;
///         connections.spawn(serve, std::get<1>(std::move(next)));
///     }
///     listener.close();
///     mioco::with_deadline(10s, [&] { connections.wait(); });  // then cancels them
///
/// Nothing is stopped by itself. `waiting` is named as that of `event`, which can stand in its place, as in a simulation. The second signal
/// ends the process also if it is another one of these, and if other objects receive it, too. When the object goes, all is as before. All else
/// as `signals`: any fibers and threads, several objects, handlers that were there before, forked children. New here.
class graceful_stop {
public:
    /// By SIGINT and SIGTERM. Throws as the other one.
    graceful_stop();
    /// By these signals. Throws as the constructor of `signals` does, and `invalid_argument` also for one whose default effect does not end a
    /// process, such as SIGCHLD or SIGTSTP.
    explicit graceful_stop(std::initializer_list<int> numbers)
        : graceful_stop(std::span<const int>(numbers.begin(), numbers.size())) {}
    /// The same.
    explicit graceful_stop(std::span<const int> numbers);
    graceful_stop(const graceful_stop&) = delete;
    graceful_stop& operator=(const graceful_stop&) = delete;
    /// Nobody may wait any more.
    ~graceful_stop() = default;

    /// Parks the fiber, or blocks the thread, until a signal has come, and returns its number; at once if one has. A cancellation
    /// point. Throws as `signals::recv`.
    int wait();
    /// As `wait`, but for `limit` at most; whether a signal has come.
    template <class Rep, class Period>
    [[nodiscard]] bool wait_for(const std::chrono::duration<Rep, Period>& limit) {
        return select(waiting(), after(limit)).index() == 0;
    }
    /// Whether a signal has come. Never blocks, and is no cancellation point.
    [[nodiscard]] bool is_due();

    /// That a signal has come, as a case of `select`; its result is the number. Valid while this object lives.
    [[nodiscard]] detail::signal_case waiting() noexcept { return {box_.get()}; }

private:
    detail::signal_box_ptr box_;
};

}  // namespace mioco
