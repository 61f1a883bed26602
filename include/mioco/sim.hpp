// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Simulation: a program run in a world that is made up, the same way each time for the same seed.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mioco/join_handle.hpp>
#include <mioco/runtime.hpp>
#include <mioco/spawn.hpp>

namespace mioco::sim {

/// How often what goes wrong: each a rate from 0, never, to 1, always.
struct fault_rates {
    double short_read = 0;      ///< A read of a stream takes less than there is.
    double short_write = 0;     ///< A write to a stream takes less than there is room for.
    double again = 0;           ///< A call finds nothing, and an event follows. Below 1.
    double interrupted = 0;     ///< A call ends with EINTR. Below 1.
    double reset = 0;           ///< A connection breaks when something is written to it.
    double failed_connect = 0;  ///< A connection is refused, or nobody answers.
    double failed_lookup = 0;   ///< A name is not looked up: "try again".
    double lost = 0;            ///< A datagram does not arrive.
    double duplicated = 0;      ///< A datagram arrives twice.
    double reordered = 0;       ///< A datagram is overtaken by later ones.
    /// A read or a flush of a file fails with EIO. As of Linux, a flush that failed has lost some of what it was to save, and the
    /// next one does not tell.
    double disk_error = 0;
    double no_space = 0;           ///< What adds to a file, or makes one, fails with ENOSPC.
    double spurious_event = 0.01;  ///< A poller posts an event that tells nothing.
};

/// How long what is sent is on its way: drawn anew each time.
struct latency_range {
    std::chrono::nanoseconds least{0};  ///< At least.
    std::chrono::nanoseconds most{0};   ///< At most.
};

/// How the world of a simulation is made.
struct config {
    /// All that is left to chance is drawn from this.
    std::uint64_t seed = 1;
    /// Workers of each host, and of a runtime that the program makes without a number.
    unsigned workers = 2;
    /// The first is the one where the program begins. Others are added when they are first named.
    std::vector<std::string> hosts{"localhost"};

    /// Between two hosts.
    latency_range latency{std::chrono::microseconds(100), std::chrono::milliseconds(1)};
    /// Within a host. With none, what is sent has arrived when the call returns, as on the loopback device.
    latency_range local_latency{};
    /// Of a name that is looked up. Those of hosts are known, each with an IPv6 and an IPv4 address in either order; "localhost" and
    /// addresses take no time.
    latency_range lookup_latency{std::chrono::microseconds(100), std::chrono::milliseconds(20)};
    /// Of each direction between two hosts; 0: unbounded.
    double bytes_per_second = 0;
    /// What goes wrong.
    fault_rates faults{};

    /// How long a program's look at the clock takes. With none, one that waits by looking at it would wait for ever.
    std::chrono::nanoseconds time_of_look = std::chrono::microseconds(1);

    /// A run that has not ended after so long ends by an `overrun`. `std::chrono::nanoseconds::max()` is no limit.
    std::chrono::nanoseconds time_limit = std::chrono::hours(1000);
    /// An attempt to connect that nobody answers ends after this.
    std::chrono::nanoseconds connect_timeout = std::chrono::seconds(127);
    /// A connection breaks when what was sent has not been answered for so long.
    std::chrono::nanoseconds give_up_after = std::chrono::seconds(924);

    /// Of a socket that asks for no other.
    std::size_t send_buffer_bytes = 212'992;
    /// Of a socket that asks for no other.
    std::size_t receive_buffer_bytes = 212'992;
    /// Of a pipe that asks for no other: a multiple of 4096.
    std::size_t pipe_bytes = 65'536;
    /// As net.core.somaxconn.
    int longest_backlog = 4096;
    /// That a host may have open.
    std::size_t most_descriptors = 1 << 20;

    /// Called with each line of the trace: virtual time, host, what happened. With MIOCO_SIM_TRACE=1 in the environment the lines go to
    /// stderr.
    std::function<void(std::string_view)> on_event{};
};

/// What became of a run.
struct report {
    std::uint64_t hash = 0;    ///< Equal for two runs if and only if they went the same way.
    std::uint64_t events = 0;  ///< How many things happened.
    std::chrono::nanoseconds passed{0};  ///< In virtual time.
    std::size_t open_descriptors = 0;    ///< Left open by the program.
};

/// Thrown by `run` when all fibers wait for each other and nothing is to come, after all were asked to stop. `what()` tells of each
/// fiber on which host it is, what it waits for, since when in virtual time (to the millisecond, and for the last 52 days), and as `dump`
/// which calls it is in.
class deadlock : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Thrown by `run` when the program goes on past `config::time_limit`, after all fibers were asked to stop: one of them may do
/// something again and again for which nobody waits. `what()` tells of them as that of a `deadlock` does. Only while all wait does
/// so much time pass: what computes or yields without end is not ended. New here.
class overrun : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Thrown by `explore`: tells the seed, what went wrong, and the command that does it again.
class failure : public std::runtime_error {
public:
    /// Of the run with that seed.
    failure(std::uint64_t seed, const std::string& what) : std::runtime_error(what), seed_(seed) {}
    /// Which one.
    [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

private:
    std::uint64_t seed_;
};

}  // namespace mioco::sim

namespace mioco::detail {

void run_simulation(const mioco::sim::config& wanted, const std::function<void()>& program,
                    mioco::sim::report* about);
void explore_seeds(std::size_t count, const mioco::sim::config& wanted,
                   const std::function<void()>& program);
/// Throws std::logic_error outside of simulations.
runtime& runtime_of_host(std::string_view host);

}  // namespace mioco::detail

namespace mioco::sim {

/// Runs `f` as the first fiber of a world of its own, as `mioco::run` does in the real one, and returns what it returns or throws what
/// it throws, once all fibers of all hosts have ended. Time is virtual: it passes while all wait. Everything that is left to chance is
/// drawn from the seed, so that the same seed gives the same run: the number of CPUs, MIOCO_WORKERS, MIOCO_OFFLOAD_THREADS,
/// MIOCO_OFFLOAD_QUEUE and MIOCO_SPIN_US change nothing. MIOCO_MIGRATE does, and `explore` tells it.
///
/// `about` is filled in whenever `f` has run, also if it throws or the run ends by a `deadlock` or an `overrun`.
///
/// Throws `deadlock` when nothing goes on any more, `overrun` when it does not end, and `std::invalid_argument` that names a setting which makes no sense. All on the
/// calling thread, which must be no fiber's. A thread from outside that wakes, spawns, joins or stops a fiber of the simulation ends the
/// process with a message, as the next run would not repeat that; so does a runtime that was made inside and outlives the run. New
/// here.
template <class F>
    requires fiber_function<F>
fiber_result<F> run(const config& wanted, F&& f, report* about = nullptr) {
    using result = fiber_result<F>;
    if constexpr (std::is_void_v<result>) {
        detail::run_simulation(wanted, [&] { f(); }, about);
    } else {
        std::optional<result> returned;
        detail::run_simulation(wanted, [&] { returned.emplace(f()); }, about);
        return std::move(*returned);
    }
}

/// The same with the usual settings.
template <class F>
    requires fiber_function<F>
fiber_result<F> run(std::uint64_t seed, F&& f) {
    config wanted;
    wanted.seed = seed;
    return run(wanted, std::forward<F>(f));
}

/// Runs `f` with so many seeds, from that of the settings on. Throws `failure` at the first that throws. With MIOCO_SEED in the
/// environment it runs that seed alone. New here.
template <class F>
void explore(std::size_t seeds, const config& wanted, F&& f) {
    detail::explore_seeds(seeds, wanted, [&] { f(); });
}

/// The same with the usual settings.
template <class F>
void explore(std::size_t seeds, F&& f) {
    const config usual;
    explore(seeds, usual, std::forward<F>(f));
}

// By fibers of a simulation; elsewhere they throw std::logic_error

/// `mioco::spawn` on a host, which is added if it is not known yet. Each host has a runtime, addresses, ports and files of its own. New
/// here.
template <class F, class... Args>
    requires fiber_function<F, Args...>
join_handle<fiber_result<F, Args...>> spawn_on(std::string_view host, F&& f, Args&&... args) {
    return detail::runtime_of_host(host).spawn(std::forward<F>(f), std::forward<Args>(args)...);
}

/// Between the two nothing arrives, in either direction, until they are healed. A connection goes on then, unless it has been given up.
void partition(std::string_view one, std::string_view other);
/// The same of one direction.
void block(std::string_view from, std::string_view to);
/// Ends that, in both directions.
void heal(std::string_view one, std::string_view other);
/// Of all hosts.
void heal_all();
/// The IPv4 address of a host, which is added if it is not known yet; other hosts reach it there.
[[nodiscard]] std::string address_of(std::string_view host);
/// Asks all fibers of a host to stop, as `runtime::stop` does, and those that are spawned there afterwards. Nothing on one that is down.
void stop(std::string_view host);
/// Ends a host as a power cut does: what its sockets and pipes had is gone, nobody is told, and what is sent to it gets lost.
///
/// Its files stay as far as they were flushed, also over a restart. Of what was written to a file since its last `flush` or `flush_data`
/// something is drawn: nothing, all, a part of it in the order of writing, or some sectors of 512 bytes in any order, each of
/// them whole; likewise its size. Of names that were made, changed or removed the first so many are kept, which is drawn: those in a
/// directory that was opened and flushed since, for sure; a renaming is kept whole or not at all. Permissions go with the file's `flush`.
///
/// Its fibers are asked to stop, all at once: each throws `fiber_cancelled` where it waits or at its next call, and unwinds, so that
/// nothing leaks. Who joins one elsewhere gets `operation_canceled`. What destructors do meanwhile reaches no network and no
/// file: such calls fail with EIO, also after a restart. Only what hosts share in memory, such as a channel, they still reach. A
/// call that is being offloaded goes on to its end, cut off likewise. If the host is the one where the program began, its
/// function is stopped too.
///
/// Does not block, and is no cancellation point. Nothing if the host is down already. Throws `std::invalid_argument` for a host that is
/// not known, and for the caller's own. New here.
void crash(std::string_view host);
/// Starts a host again that has crashed: `spawn_on` works there again, which throws `std::system_error` (EHOSTDOWN) meanwhile. Old connections
/// are reset when their other end sends something. What still unwinds from before remains cut off.
///
/// May let others run. No cancellation point. Nothing if the host is up. Throws as `crash` does. New here.
void restart(std::string_view host);
/// A number below `count`, drawn from the seed.
std::uint64_t random_below(std::uint64_t count);
/// Whether the caller is simulated.
[[nodiscard]] bool is_simulated() noexcept;

}  // namespace mioco::sim
