// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <mioco/config.hpp>
#include <mioco/detail/shared_data.hpp>
#include <mioco/this_fiber.hpp>

// Who decides when and where fibers run. By default that is work stealing, which needs nothing from here.

namespace mioco {

namespace detail {
struct ready_fiber_access;
}

/// A fiber that could run now, and the right to let it do so, once. A scheduler gets one each time that a fiber is spawned or
/// gets ready, and keeps it as long as it likes. Whoever destroys one that was not used kills the fiber.
///
/// Move-only, as large as a pointer. Used by one thread at a time; `resume` only in calls of a scheduler, all else on any thread and
/// in fibers. Nothing here blocks, and nothing is a cancellation point. When the runtime stops, it takes its fibers back from
/// whoever keeps them, and a fiber that is cancelled: then `resume`, `place_on` and the destructor do nothing, and the questions give empty answers. The same
/// goes when the runtime has ended. In the original since 0.2, as `sched::Coroutine`.
class ready_fiber {
public:
    /// Holds no fiber.
    ready_fiber() noexcept = default;
    /// Takes the other's fiber; the other then holds none.
    ready_fiber(ready_fiber&& other) noexcept : name_(std::exchange(other.name_, 0)) {}
    /// The same; kills the fiber held so far.
    ready_fiber& operator=(ready_fiber&& other) noexcept {
        if (this != &other) {
            kill();
            name_ = std::exchange(other.name_, 0);
        }
        return *this;
    }
    ready_fiber(const ready_fiber&) = delete;
    ready_fiber& operator=(const ready_fiber&) = delete;
    /// Kills the fiber, if it still holds one.
    ~ready_fiber() {
        if (name_ != 0) kill();
    }

    /// Lets the fiber run on the worker whose scheduler calls this, as soon as the call has returned, behind those that were resumed
    /// before: until it waits, yields or ends. Holds no fiber afterwards.
    ///
    /// Throws `std::system_error`: `operation_not_permitted` outside of calls of a scheduler of the fiber's runtime,
    /// `invalid_argument` if it holds no fiber; and `std::invalid_argument` for a pinned fiber that has begun on another worker. Then
    /// it holds the fiber still.
    void resume();

    /// Hands the fiber to that worker's scheduler, which gets it as `ready`; also if it is the worker that calls. Holds no fiber
    /// afterwards. The original's `migrate`.
    ///
    /// Throws `std::invalid_argument` for a number that no worker of the runtime has, and for a pinned fiber that has begun on
    /// another one; `std::system_error` (`invalid_argument`) if it holds no fiber. Then it holds the fiber still.
    void place_on(unsigned worker);

    /// Ends the fiber: if it has not begun, its function is never entered, and what it captured is destroyed; else it unwinds by
    /// `fiber_cancelled`, from the `yield` or `sleep_for` that it is in, or, as another call that had waited still gives what it
    /// got, from its next call. No scheduler is told of it any more. Its join throws `std::system_error`
    /// (`operation_canceled`). Nothing if it holds no fiber.
    void kill() noexcept;

    /// Whether it is here because it yielded (by itself, or as it had used its budget up), and not because what it waited for has
    /// come.
    [[nodiscard]] bool is_yielding() const noexcept;

    /// The fiber's value, as `this_fiber::data` gives it inside: null if there is none, or one of another type.
    template <class T>
    [[nodiscard]] std::shared_ptr<const T> data() const noexcept {
        return any_data().template get<T>();
    }

    /// The name given at spawn, empty if none was.
    [[nodiscard]] std::string name() const;
    /// The fiber's id.
    [[nodiscard]] fiber_id id() const noexcept;
    /// The worker on which it ran last; nothing before its first run.
    [[nodiscard]] std::optional<unsigned> last_worker() const noexcept;

    /// Whether it was not used or moved from. (The runtime may have taken the fiber back all the same.)
    explicit operator bool() const noexcept { return name_ != 0; }

private:
    friend struct detail::ready_fiber_access;
    explicit ready_fiber(std::uint64_t name) noexcept : name_(name) {}
    [[nodiscard]] detail::shared_data any_data() const noexcept;

    mutable std::uint64_t name_ =
        0;  // of the keeping; a new one each time that the fiber was looked at
};

/// Decides when and where the fibers of a runtime run: a base for your own. Each worker has one, made by the function given to
/// `config::scheduler`, and all calls come on that worker's thread, one at a time, between two fibers and not in one. Those of
/// several workers may share what they like, under locks of their own.
///
///     class last_come_first_served : public mioco::scheduler {
///         std::vector<mioco::ready_fiber> waiting_;
///         void spawned(mioco::ready_fiber fiber) override { waiting_.push_back(std::move(fiber)); }
///         void ready(mioco::ready_fiber fiber) override { waiting_.push_back(std::move(fiber)); }
///         void tick() override {
///             if (waiting_.empty()) return;
///             waiting_.back().resume();
///             waiting_.pop_back();
///         }
///         std::optional<std::chrono::nanoseconds> timeout() override {
///             if (waiting_.empty()) return std::nullopt;
///             return std::chrono::nanoseconds(0);
///         }
///     };
///
/// Calls must not block: all that the worker has to do waits meanwhile. They may spawn, send, set events, and so on. An exception
/// that leaves one is written to stderr, the runtime stops, and `run` (or `runtime::wait`) throws it. While a runtime stops, no scheduler is
/// asked: all fibers run to their ends. So does one that is cancelled. Nor is one asked while its runtime has no fibers. Destroyed with the runtime, by the thread
/// that does that.
///
/// In the original since 0.2, as `SchedulerThread`.
class scheduler {
public:
    scheduler() = default;
    scheduler(const scheduler&) = delete;
    scheduler& operator=(const scheduler&) = delete;
    virtual ~scheduler();

    /// There is a new fiber. One that was spawned on this worker, by a fiber or by a call of a scheduler, is told of before the next
    /// `tick`: so not until the fiber that spawned it waits, yields or ends. Those that were spawned from outside of the runtime
    /// are told to its workers in turn, beginning with worker 0.
    virtual void spawned(ready_fiber fiber) = 0;

    /// A fiber that was last on this worker can run: what it waited for has come, or it yields, or it was placed here by
    /// `ready_fiber::place_on` (also one that has not begun).
    virtual void ready(ready_fiber fiber) = 0;

    /// Called whenever the worker has looked for events and has told of all fibers that became ready; at the latest after 61 fibers
    /// have run one after another, and before each sleep. Default: nothing.
    virtual void tick();

    /// How long the worker may sleep until the next `tick`, if nothing happens; zero or less: not at all, but it looks for events.
    /// Asked before each sleep. A scheduler that keeps fibers which can run has to bound this, as nothing else would wake it.
    /// Default: no bound.
    [[nodiscard]] virtual std::optional<std::chrono::nanoseconds> timeout();
};

/// For `config::scheduler`: each worker gives the fibers spawned on it to the workers in turn, the first one to itself, and a fiber never
/// moves after that. Ready fibers run in the order in which they came. The original's default.
[[nodiscard]] std::unique_ptr<scheduler> round_robin(const worker_place& at);

}  // namespace mioco
