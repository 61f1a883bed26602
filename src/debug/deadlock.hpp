// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/lock.hpp"
#include "debug/witness.hpp"
#include "fiber/wait_reason.hpp"
#include "time/lazy_timer.hpp"

namespace mioco::detail {

struct fiber;
class runtime_core;

/// Finds out whether a runtime is in a deadlock: all its fibers wait for each other, and none can be woken by anybody else (see
/// `woken_by`, and a wait with a deadline never counts). Then it writes a report, once. Who waits for what other code of the process
/// could do, as for a lock, counts only while the process has no thread but the runtime's own.
///
/// Asked by workers that are about to sleep for good. By far most times the fiber that could be woken the last time waits still,
/// which is a look at one block; if not, blocks are looked through for another one, some at a time.
class deadlock_search {
public:
    explicit deadlock_search(runtime_core& home) noexcept : home_(home) {}

    /// [worker, while none is inside a fiber] How long it may sleep at most until it asks again.
    nanoseconds_t look() noexcept {
        const auto witness = witness_now();
        if (witness == woken_by::anybody) [[likely]]
            return never;
        return look_further(witness);
    }

    /// [the end of all fibers was seen] The next deadlock is another one.
    void forget() noexcept { reported_.store(false, std::memory_order_relaxed); }

private:
    enum class finding : std::uint8_t {
        foreign,
        active,
        wakeable,
        stuck,        // but for the runtime's own fibers
        stuck_inside  // but for code of this process
    };
    struct sight {
        finding what;
        std::uint64_t epoch = 0;
    };
    /// The stuck fibers that a walk past all blocks has met.
    struct tally {
        std::size_t count = 0;
        bool needs_nobody_else = false;  // or it could be woken
        std::uint64_t waits = 0;         // each wait of each fiber gives another sum
        bool operator==(const tally&) const = default;
    };

    [[nodiscard]] sight look_at(fiber& f) const noexcept;
    [[nodiscard]] std::optional<woken_by> witness_now() const noexcept;
    nanoseconds_t look_further(std::optional<woken_by> witness) noexcept;
    void count_outsiders(nanoseconds_t now) noexcept;
    bool find_witness() noexcept;
    [[nodiscard]] std::optional<tally> count_stuck() noexcept;
    [[nodiscard]] bool is_deadlock() noexcept;
    nanoseconds_t search() noexcept;
    void report() const noexcept;

    static constexpr std::uint32_t blocks_a_look = 1024;
    static constexpr nanoseconds_t pause_ns = 10'000'000;
    static constexpr nanoseconds_t recount_pause_ns = 1'000'000'000;

    runtime_core& home_;
    // Set under the lock, where who looks at the same time looks again.
    std::atomic<bool> reported_{false};
    witness witness_;
    lock looking_;                // for what follows
    std::uint32_t position_ = 0;  // block at which the search for another goes on
    std::uint32_t walked_ = 0;
    bool outsiders_ = false;  // at the last count
    nanoseconds_t recount_at_ = 0;
};

}  // namespace mioco::detail
