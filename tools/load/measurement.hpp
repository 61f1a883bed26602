// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "histogram.hpp"

namespace mioco::load {

using clock = std::chrono::steady_clock;

/// The time that is measured. A request belongs to it by when it was sent, or with a fixed rate by
/// when it was due: so warm-up is left out, and a response that comes after the end still counts
/// for latency, though not for throughput.
struct window {
    clock::time_point begin;
    clock::time_point end;

    [[nodiscard]] bool contains(clock::time_point t) const noexcept {
        return t >= begin && t < end;
    }
};

/// Sums of counters.
struct totals {
    std::uint64_t requests = 0;   // sent in the window
    std::uint64_t responses = 0;  // of those, answered before the window's end
    std::uint64_t failures = 0;   // connections not made, broken, or answered wrongly
};

/// What the clients of a run record, from any worker.
class measurement {
public:
    /// Counters that few clients share, so that workers don't pass one cache line to and fro.
    struct alignas(128) shard {
        std::atomic<std::uint64_t> requests = 0;
        std::atomic<std::uint64_t> responses = 0;
        histogram latencies;
    };

    /// One shard a worker is enough.
    explicit measurement(unsigned shards) : shards_(shards) {}

    /// Where the client with this index counts.
    [[nodiscard]] shard& shard_of(std::size_t client) noexcept {
        return shards_[client % shards_.size()];
    }

    /// Counts a failed connection, and keeps the reason if it is the first.
    void fail(const std::string& why);

    /// The counters, which may be moving on.
    [[nodiscard]] totals sum() const noexcept;
    /// All latencies.
    void collect(histogram& into) const noexcept;
    /// Why the first connection failed; empty if none did.
    [[nodiscard]] std::string first_failure() const;

private:
    std::vector<shard> shards_;
    mutable std::mutex mutex_;
    std::uint64_t failures_ = 0;  // guarded by mutex_
    std::string first_failure_;   // guarded by mutex_
};

}  // namespace mioco::load
