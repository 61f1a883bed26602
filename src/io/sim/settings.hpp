// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mioco::detail::sim {

/// How often what goes wrong: each a rate from 0, never, to 1, always.
struct fault_rates {
    double short_read = 0;         ///< A read of a stream takes less than there is.
    double short_write = 0;        ///< A write to a stream takes less than there is room for.
    double again = 0;              ///< A call finds nothing, and an event follows. Below 1.
    double interrupted = 0;        ///< A call ends with EINTR. Below 1.
    double reset = 0;              ///< A connection breaks when something is written to it.
    double failed_connect = 0;     ///< A connection is refused, or nobody answers.
    double lost = 0;               ///< A datagram does not arrive.
    double duplicated = 0;         ///< A datagram arrives twice.
    double reordered = 0;          ///< A datagram is overtaken by later ones.
    double spurious_event = 0.01;  ///< A poller posts an event that tells nothing.
};

/// How long what is sent is on its way: drawn anew each time.
struct latency_range {
    std::chrono::nanoseconds least{0};
    std::chrono::nanoseconds most{0};
};

/// How the world of a simulation is made.
struct settings {
    std::uint64_t seed = 1;
    /// The first is the one of what nobody has placed. More can be added later.
    std::vector<std::string> hosts{"localhost"};

    latency_range latency{std::chrono::microseconds(100), std::chrono::milliseconds(1)};
    /// Within a host. With none, what is sent has arrived when the call returns, as on the loopback device.
    latency_range local_latency{};
    /// Of each direction between two hosts; 0: unbounded.
    double bytes_per_second = 0;
    fault_rates faults{};

    /// How long a program's look at the clock takes. With none, one that waits by looking at it would wait for ever.
    std::chrono::nanoseconds time_of_look = std::chrono::microseconds(1);

    /// An attempt to connect that nobody answers ends after this.
    std::chrono::nanoseconds connect_timeout = std::chrono::seconds(127);
    /// A connection breaks when what was sent has not been answered for so long.
    std::chrono::nanoseconds give_up_after = std::chrono::seconds(924);

    std::size_t send_buffer_bytes = 212'992;
    std::size_t receive_buffer_bytes = 212'992;
    /// Of a pipe that asks for no other: a multiple of 4096.
    std::size_t pipe_bytes = 65'536;
    int longest_backlog = 4096;
    /// That a host may have open.
    std::size_t most_descriptors = 1 << 20;

    /// Called with each line of the trace: virtual time, host, what happened.
    std::function<void(std::string_view)> on_event{};
};

/// Throws std::invalid_argument, which names the setting and what is allowed.
void check(const settings& wanted);

}  // namespace mioco::detail::sim
