// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <mioco/detail/shared_data.hpp>

namespace mioco {

/// What becomes of an exception that leaves a fiber and that no `join()` collects.
enum class on_uncaught {
    report,  ///< One line on stderr with the fiber's name; everything else goes on. The default.
    rethrow,  ///< Every fiber of the runtime is cancelled, and `run` (or `runtime::wait`) rethrows the first one.
    terminate  ///< `std::terminate` at the throw, with the whole stack still there for a core dump.
};

/// Whether a fiber may go on at another worker than the one it was on.
enum class migration {
    allowed,  ///< An idle worker takes work that waited for a busy one. The default.
    never,    ///< A fiber stays on the worker that first runs it.
    always  ///< A fiber changes its worker at nearly each resume: slow, and meant for finding bugs.
};

/// What is done when all fibers of a runtime wait for each other, so that none will ever go on.
enum class on_deadlock {
    report,  ///< A message on stderr with a `dump` of the runtime, once. The default.
    ignore   ///< Nothing: for programs that end such fibers by `runtime::stop`.
};

class scheduler;

/// Which worker of how many, for who makes a scheduler for it.
struct worker_place {
    /// The worker's number, from 0 on.
    unsigned number = 0;
    /// The number of workers of the runtime.
    unsigned count = 1;
};

/// Makes the scheduler of one worker, see `config::scheduler`.
using scheduler_factory = std::function<std::unique_ptr<scheduler>(const worker_place&)>;

/// How a runtime is made. Setters return the object, for chaining:
/// `mioco::config{}.workers(2).stack_size(64 * 1024)`.
///
/// The environment has the last word, so that a program can be tried out without a rebuild: `MIOCO_WORKERS`,
/// `MIOCO_STACK_SIZE` (bytes, or with a suffix K or M), `MIOCO_MEASURE_STACKS` (0, 1), `MIOCO_MIGRATE` (allowed, never, always),
/// `MIOCO_OFFLOAD_THREADS`, `MIOCO_OFFLOAD_QUEUE`, `MIOCO_SPIN_US` and `MIOCO_ENGINE` (epoll); in a simulation, of these those of stacks and `MIOCO_MIGRATE`. Values are checked where a runtime is made: a bad one throws
/// `std::invalid_argument` that names it, what is allowed, and where it came from. In the original since 0.2.
class config {
public:
    /// OS threads that run fibers: 1 to 1024. Default: one for each CPU that this process may use, by its affinity
    /// mask and its cgroup's quota.
    config& workers(unsigned count) {
        workers_ = count;
        return *this;
    }

    /// Bytes of address space for a fiber's stack, guard included; rounded up to a power of two. At least 16 KiB.
    /// Default 256 KiB. Only pages that a fiber touches take memory.
    config& stack_size(std::size_t bytes) {
        stack_size_bytes_ = bytes;
        return *this;
    }

    /// Whether each stack ends in a guard that turns an overflow into a message and a crash, rather than silent
    /// corruption. Default true. Without `MADV_GUARD_INSTALL` (Linux before 6.13) a guard costs two memory mappings,
    /// and `vm.max_map_count` bounds a process to about 32,000 guarded fibers. In the original since 0.3.
    config& stack_guard(bool on) {
        stack_guard_ = on;
        return *this;
    }

    /// Whether `mioco::stack_use` is to tell how deep the stacks of this runtime's fibers go. Default false, which costs nothing. If so, each fiber's
    /// stack is filled with a pattern before it begins and looked through when it has ended: that makes memory of
    /// all of it, 256 KiB if nothing else is set, and takes some hundred microseconds a fiber. New here.
    config& measure_stacks(bool on) {
        measure_stacks_ = on;
        return *this;
    }

    /// What becomes of an exception that nobody joins. The original's `set_catch_panics`, since 0.3.
    config& uncaught(on_uncaught policy) {
        uncaught_ = policy;
        return *this;
    }

    /// Whether fibers move between workers. A scheduler given to `scheduler` decides that itself, so that this has no say then.
    config& migrate(migration policy) {
        migration_ = policy;
        return *this;
    }

    /// Who decides when and where fibers run: by default work stealing, which an empty function stands for too. `make` is called
    /// once for each worker, on that worker's thread as it starts: `mioco::round_robin`, or a function of your own, see
    /// `mioco::scheduler`; it cannot spawn. If it throws or returns null, that is reported, the runtime stops, and `run` (or `runtime::wait`)
    /// throws it. In the original since 0.2, as `set_scheduler`.
    config& scheduler(scheduler_factory make) {
        scheduler_ = std::move(make);
        return *this;
    }

    /// What is done in a deadlock: when every fiber of the runtime waits for something that only another of them could do, such as
    /// fibers that join each other. There is none while any fiber waits for a time, a descriptor, an offloaded call or another
    /// runtime, as that may still come. `runtime::stop` ends the fibers of a deadlock as any others.
    ///
    /// When all workers are idle they look for one, at 1024 fibers every ten milliseconds: with up to a thousand fibers in the
    /// process it is found within some ten milliseconds, with a million within some ten seconds.
    ///
    /// What is waited for at a channel, a lock, a condition and the like may come from any code of the process. So a deadlock that has
    /// such a wait in it is found only if there is no such code but the runtime's fibers: the process has no thread but the runtime's own
    /// (the caller of `run` among them), this is its only runtime, it has the default scheduler, and no `stop_on_signal`. A signal
    /// handler of your own that stops the runtime is not seen: with one ask for `ignore`.
    config& deadlocks(on_deadlock policy) {
        deadlocks_ = policy;
        return *this;
    }

    /// Has a thread of its own watch the workers: a fiber that has held its worker for `limit` without letting others run is reported on
    /// stderr, once until it does, with its name, its worker, for how long, and the calls that it is in (as a `dump` has them, but on
    /// x86-64 perhaps with some among them that have returned already). It is noticed
    /// within another quarter of that time. Zero (the default): nobody watches; else at least a millisecond. While all workers sleep the
    /// thread sleeps too.
    ///
    /// To find out the calls, that thread sends the worker's thread a SIGURG, which most programs have no use for and ignore. Its handler
    /// passes on those that others send; it runs on the alternate signal stack, takes no locks, and restarts system calls, save those
    /// that Linux never restarts, such as `poll` and `nanosleep`: they fail with EINTR then. If the program installs a handler of its own
    /// for SIGURG afterwards, or blocks it, or the report is about a fiber's code on another stack, the report lacks the calls, as it
    /// does under ThreadSanitizer. What was there before is put back when the last runtime with a watchdog ends. No effect in
    /// a simulation, where code takes no time. New here.
    config& watchdog(std::chrono::nanoseconds limit) {
        watchdog_ = limit;
        return *this;
    }

    /// Has each signal `signal_number`, such as SIGQUIT, write a `dump` of all fibers of all runtimes to stderr while this runtime exists. A thread
    /// of its own does that, so it works also when all workers are busy or blocked; signals that come meanwhile make one more dump
    /// together. What was there before for the signal is put back with the last such runtime's end, unless somebody has changed it
    /// meanwhile. 0 (the default): none. A number of no signal that can be handled has the runtime's making throw
    /// `std::invalid_argument`. In a forked child the signal has its default effect. No effect in a simulation. New here.
    config& dump_on_signal(int signal_number) {
        dump_signal_ = signal_number;
        return *this;
    }

    /// How long a worker that has nothing to run may look again and again before it sleeps, so that what comes meanwhile is dealt with at
    /// once: up to a millisecond, by default 50 us; zero: never. What a close peer sends, on the same machine or in the same process, then
    /// comes several times as fast. It is done only where it pays: after sleeps that were about as short, and as long as a fiber's turn takes
    /// no more of the processor's time than with sleeps, or up to a quarter more where that saves a third of the time, which is measured every now
    /// and then. An idle runtime uses no processor. Not with a `scheduler` of your own, nor in a simulation. New here.
    config& spin(std::chrono::nanoseconds longest) {
        spin_ = longest;
        return *this;
    }

    /// The most threads that `offload` and files may use at once: 1 to 1024. Default 32, or four for each worker if that is
    /// more. They start one by one as they are needed; what finds all of them busy waits its turn.
    config& offload_threads(unsigned most) {
        offload_threads_ = most;
        return *this;
    }

    /// How many calls may be queued for those threads: 0 to 1,048,576. Default 1024. Further callers wait in order for a
    /// place in the queue, parked as those in it are: it is never full in the sense that a call fails. `MIOCO_LOG` tells
    /// the two waits apart.
    config& offload_queue(std::size_t most) {
        offload_queue_ = most;
        return *this;
    }

    /// Prefix of the threads' names, which debuggers and `top -H` show: `<name>_<index>` is a worker, `<name>-pool-<index>` a
    /// thread for `offload`. Default "mioco". The kernel keeps fifteen characters.
    config& name(std::string prefix) {
        name_ = std::move(prefix);
        return *this;
    }

    /// The value that each fiber without a parent in the runtime begins with, as its own and as that of its children: so all
    /// fibers inherit it, until one sets another. See `this_fiber::data`. In the original since 0.2, as `set_userdata`.
    template <class T>
    config& data(T value) {
        data_ = detail::shared_data::of(std::move(value));
        return *this;
    }

    /// The number asked for by `workers`, or nothing for the default.
    [[nodiscard]] std::optional<unsigned> workers() const noexcept { return workers_; }
    /// The size asked for by `stack_size`, or the default.
    [[nodiscard]] std::size_t stack_size() const noexcept { return stack_size_bytes_; }
    /// Whether stacks are guarded.
    [[nodiscard]] bool stack_guard() const noexcept { return stack_guard_; }
    /// Whether stacks are measured.
    [[nodiscard]] bool measure_stacks() const noexcept { return measure_stacks_; }
    /// The policy for exceptions that nobody joins.
    [[nodiscard]] on_uncaught uncaught() const noexcept { return uncaught_; }
    /// The policy for moving fibers.
    [[nodiscard]] migration migrate() const noexcept { return migration_; }
    /// The function given to `scheduler`, or an empty one.
    [[nodiscard]] const scheduler_factory& scheduler() const noexcept { return scheduler_; }
    /// The number asked for by `offload_threads`, or nothing for the default.
    [[nodiscard]] std::optional<unsigned> offload_threads() const noexcept {
        return offload_threads_;
    }
    /// The number asked for by `offload_queue`, or the default.
    [[nodiscard]] std::size_t offload_queue() const noexcept { return offload_queue_; }
    /// The policy for deadlocks.
    [[nodiscard]] on_deadlock deadlocks() const noexcept { return deadlocks_; }
    /// The limit given to `watchdog`; zero: none.
    [[nodiscard]] std::chrono::nanoseconds watchdog() const noexcept { return watchdog_; }
    /// The limit given to `spin`, or the default.
    [[nodiscard]] std::chrono::nanoseconds spin() const noexcept { return spin_; }
    /// The number given to `dump_on_signal`; 0: none.
    [[nodiscard]] int dump_on_signal() const noexcept { return dump_signal_; }
    /// The prefix of thread names.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    /// The value given to `data`, if it is exactly of type `T`; else null.
    template <class T>
    [[nodiscard]] std::shared_ptr<const T> data() const noexcept {
        return data_.get<T>();
    }
    /// The same, of whatever type it is.
    [[nodiscard]] const detail::shared_data& any_data() const noexcept { return data_; }

    /// The default of `stack_size`.
    static constexpr std::size_t default_stack_size_bytes = std::size_t{256} * 1024;
    /// The smallest stack that is accepted.
    static constexpr std::size_t minimum_stack_size_bytes = std::size_t{16} * 1024;
    /// The largest stack that is accepted.
    static constexpr std::size_t maximum_stack_size_bytes = std::size_t{1} << 30;
    /// The largest number of workers that is accepted.
    static constexpr unsigned maximum_workers = 1024;
    /// The largest number of threads to offload to that is accepted.
    static constexpr unsigned maximum_offload_threads = 1024;
    /// The default of `spin`.
    static constexpr std::chrono::nanoseconds default_spin = std::chrono::microseconds(50);
    /// The longest spin that is accepted.
    static constexpr std::chrono::nanoseconds maximum_spin = std::chrono::milliseconds(1);
    /// The default of `offload_queue`.
    static constexpr std::size_t default_offload_queue = 1024;
    /// The largest queue that is accepted.
    static constexpr std::size_t maximum_offload_queue = std::size_t{1} << 20;

private:
    std::optional<unsigned> workers_;
    std::size_t stack_size_bytes_ = default_stack_size_bytes;
    bool stack_guard_ = true;
    bool measure_stacks_ = false;
    on_uncaught uncaught_ = on_uncaught::report;
    migration migration_ = migration::allowed;
    std::optional<unsigned> offload_threads_;
    std::size_t offload_queue_ = default_offload_queue;
    on_deadlock deadlocks_ = on_deadlock::report;
    std::chrono::nanoseconds watchdog_{0};
    std::chrono::nanoseconds spin_ = default_spin;
    int dump_signal_ = 0;
    std::string name_ = "mioco";
    detail::shared_data data_;
    scheduler_factory scheduler_;
};

}  // namespace mioco
