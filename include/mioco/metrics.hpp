// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mioco {

/// What a worker has done since its runtime was made. Each number only grows, and each is as it was at one moment, but not all at
/// the same. They are counted where that costs next to nothing, which is why some lag and some are not quite what one would ask for.
struct worker_metrics {
    /// Fibers that fibers on this worker have spawned.
    std::uint64_t spawned = 0;
    /// Fibers that have ended on it.
    std::uint64_t finished = 0;
    /// How often it went on with another fiber, or with its own stack to look around; a `yield` that finds nobody else ready counts too.
    /// Lags by up to 61 while the worker is busy, but no longer when it sleeps.
    std::uint64_t switches = 0;
    /// Waits for which a fiber was parked. Calls that found at once what they wanted are not among them. Lags as `switches` does.
    std::uint64_t parks = 0;
    /// System calls that fibers on it have tried on sockets, pipes and other descriptors that do not block, those in vain included; not
    /// those that made or closed a descriptor.
    std::uint64_t io_attempts = 0;
    /// Deadlines put into its heap of timers. A wait needs none if its fiber has an earlier one there already: so what is limited by a
    /// time again and again, as each read of a connection is, makes few.
    std::uint64_t timers_set = 0;
    /// Waits whose deadline it found to have come.
    std::uint64_t timers_fired = 0;
    /// Calls handed to the threads for `offload`, and to them by files and by lookups of names.
    std::uint64_t offloaded = 0;
    /// Ready fibers that it took from workers which had no time for them.
    std::uint64_t stolen = 0;
    /// Ready fibers that came from other threads and runtimes, or from a queue that was full: woken, spawned or moved there.
    std::uint64_t arrived = 0;
    /// How often it had nothing to run and asked the kernel to wait, if only for a moment.
    std::uint64_t sleeps = 0;
    /// How often it had nothing to run and found something, or a deadline came, without such a wait; see `config::spin`.
    std::uint64_t spins = 0;
};

/// What a runtime has done and what there is in it.
struct runtime_metrics {
    /// The name of its `config`; of a runtime whose namesake was there before it, with `#2` and so on behind it.
    std::string name;
    /// Fibers that were spawned and have not ended.
    std::size_t fibers = 0;
    /// Threads for `offload`, busy or idle.
    unsigned offload_threads = 0;
    /// Calls that wait for one of these threads.
    std::size_t offload_queued = 0;
    /// By number.
    std::vector<worker_metrics> workers;
    /// The sums of these; in `spawned` also those that plain threads and other runtimes have spawned.
    worker_metrics total;
};

/// Of each runtime that exists now; in a simulation, of that simulation's. May be called by fibers and threads at any time; does not block but
/// for short locks, and is no cancellation point. Throws `std::bad_alloc`. See also `runtime::metrics`. New here.
[[nodiscard]] std::vector<runtime_metrics> metrics();

/// The same as text in the format that Prometheus reads (its content type is `text/plain; version=0.0.4`):
///
///     # HELP mioco_fibers_spawned_total Fibers spawned.
///     # TYPE mioco_fibers_spawned_total counter
///     mioco_fibers_spawned_total{runtime="mioco",worker="0"} 17
///
/// What plain threads and other runtimes have spawned stands there as `worker="none"`.
[[nodiscard]] std::string metrics_text();

}  // namespace mioco
