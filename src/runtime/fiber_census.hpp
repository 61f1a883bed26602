// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include <mioco/detail/sync.hpp>

#include "base/barrier.hpp"

namespace mioco::detail {

/// How many fibers a runtime has, and whether they are asked to stop.
///
/// A stop reaches each fiber that is there: whoever carries it out looks for fibers after it has changed the state, and a fiber can
/// be found before it is counted and looks at the state. So of the two one sees the other. Fibers that start from then on
/// are born cancelled, until the stop is over.
///
/// The number changes with a batch of fibers only, as workers keep places in it: a fiber that starts takes a place of its worker's, and
/// one that ends leaves its own to the worker that it is on. Who has nothing left to run gives all back. So the number is zero
/// only when there are no fibers, and it becomes zero soon after that.
template <class Sync = barrier_sync>
class basic_fiber_census {
public:
    struct start {
        bool is_first;     // there was none
        bool is_stopping;  // it is to be cancelled
    };
    /// Places that a worker keeps; for its thread.
    struct places {
        std::uint32_t kept = 0;
    };

    /// Counts a fiber that can be found by now.
    start one_starts() noexcept {
        const std::uint64_t before = count_.fetch_add(1, std::memory_order_seq_cst);
        Sync::light_barrier();
        return {(before & fibers_mask) == 0, is_stopping()};
    }
    /// [worker] The same; whether it is to be cancelled.
    [[nodiscard]] bool one_starts(places& own) noexcept {
        if (own.kept == 0) [[unlikely]] {
            count_.fetch_add(places_a_batch, std::memory_order_relaxed);
            own.kept = places_a_batch;
        }
        --own.kept;
        Sync::light_barrier();
        return is_stopping();
    }
    /// Whether the runtime comes to rest.
    [[nodiscard]] bool one_ended() noexcept {
        return count_.fetch_sub(1, std::memory_order_seq_cst) == 1;
    }
    /// [worker] The same, but that may be told by `give_back` only.
    void one_ended(places& own) noexcept {
        if (++own.kept < 2 * places_a_batch) [[likely]]
            return;
        count_.fetch_sub(places_a_batch, std::memory_order_relaxed);  // `give_back` follows
        own.kept -= places_a_batch;
    }
    /// [worker with nothing to run] Whether the runtime comes to rest.
    [[nodiscard]] bool give_back(places& own) noexcept {
        if (own.kept == 0) return false;
        const std::uint64_t given = std::exchange(own.kept, 0);
        return count_.fetch_sub(given, std::memory_order_seq_cst) == given;
    }

    /// The runtime does not come to rest before `let_go` is called for it. Not if there are no fibers, though others may keep it
    /// alive: so that those who keep it alive again and again do not keep each other.
    [[nodiscard]] bool keep_alive() noexcept {
        std::uint64_t old = count_.load(std::memory_order_seq_cst);
        while ((old & fibers_mask) != 0) {
            // needs no seq_cst, acquire, release: the look before it and `let_go` have that
            if (count_.compare_exchange_weak(old, old + one_keeper, std::memory_order_seq_cst))
                return true;
        }
        return false;
    }
    /// Whether the runtime comes to rest.
    [[nodiscard]] bool let_go() noexcept {
        return count_.fetch_sub(one_keeper, std::memory_order_seq_cst) == one_keeper;
    }

    /// Fibers, and places that are kept.
    [[nodiscard]] std::size_t count() const noexcept {
        // needs no seq_cst, acquire: a figure, of an earlier moment perhaps
        return count_.load(std::memory_order_seq_cst) & fibers_mask;
    }
    /// There are no fibers, and there is nobody who may start one.
    [[nodiscard]] bool is_at_rest() const noexcept {
        return count_.load(std::memory_order_seq_cst) == 0;
    }

    /// Async-signal-safe.
    void request_stop() noexcept {
        std::uint64_t old = stop_.load(std::memory_order_relaxed);
        while (!stop_.compare_exchange_weak(old, ((old & ~state_mask) + one_request) | due,
                                            std::memory_order_seq_cst)) {
        }
    }
    /// Whether the caller has to cancel the fibers that are there now, as `stop` was `seen` to be due and still is as it was. One that was
    /// requested since is another's: the caller may have found no fibers before.
    [[nodiscard]] bool carry_out_stop(std::uint64_t seen) noexcept {
        // needs no seq_cst, acquire, release: what follows is in order with those who start
        if (!is_due(seen) ||
            !stop_.compare_exchange_strong(seen, (seen & ~state_mask) | carried_out,
                                           std::memory_order_seq_cst))
            return false;
        Sync::heavy_barrier();
        return true;
    }
    [[nodiscard]] bool stop_is_due() const noexcept { return is_due(stop()); }
    /// A hint, for a look at each turn.
    [[nodiscard]] bool stop_may_be_due() const noexcept {
        return (stop_.load(std::memory_order_relaxed) & state_mask) == due;
    }
    /// From a stop's request until its end.
    [[nodiscard]] bool is_stopping() const noexcept { return is_stopping(stop()); }

    /// For `carry_out_stop` and `end_stop`, and for `is_due` and `is_stopping` of what was seen.
    [[nodiscard]] std::uint64_t stop() const noexcept {
        return stop_.load(std::memory_order_seq_cst);
    }
    [[nodiscard]] static bool is_due(std::uint64_t seen) noexcept {
        return (seen & state_mask) == due;
    }
    [[nodiscard]] static bool is_stopping(std::uint64_t seen) noexcept {
        return (seen & state_mask) != none;
    }
    /// The last fiber has ended since `stop` was `seen`. What was requested after that look stays.
    void end_stop(std::uint64_t seen) noexcept {
        std::uint64_t now = stop();
        // It may have been carried out meanwhile, which does not change the number of requests.
        // needs no seq_cst, acquire: the caller has seen the end, and whoever sees that the stop is over does so by this
        while ((now & ~state_mask) == (seen & ~state_mask) &&
               !stop_.compare_exchange_weak(now, now & ~state_mask, std::memory_order_seq_cst)) {
        }
    }

private:
    // `due` from a request until a worker carries it out; then `carried_out` until somebody has seen the last fiber end. Requests
    // are counted above the state.
    enum stop_state : std::uint64_t {
        none = 0,
        due = 1,
        carried_out = 2,
        state_mask = 3,
        one_request = 4
    };

    static constexpr std::uint32_t places_a_batch = 64;
    static constexpr std::uint64_t one_keeper = std::uint64_t{1} << 32;
    static constexpr std::uint64_t fibers_mask = one_keeper - 1;

    // Fibers that were started and have not ended, and above them those who keep the runtime alive. Sequentially consistent against the
    // sleep of worker 0, which ends with zero, and against `stop_`.
    alignas(64) typename Sync::template atomic<std::uint64_t> count_{0};
    alignas(64) typename Sync::template atomic<std::uint64_t> stop_{none};
};

using fiber_census = basic_fiber_census<>;

}  // namespace mioco::detail
