// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <mioco/detail/sync.hpp>

namespace mioco::detail {

/// The handshake of a worker that goes to sleep with those who bring work.
///
///     worker: `prepare`, then look for work once more; none: sleep in the poller, then `awake`. Found: `awake` at once.
///     waker:  publish the work, then `rouse`; true: wake the worker's poller.
///
/// Both sides write before they read, sequentially consistent, so one of them sees the other. `rouse` says true to one
/// waker a sleep: a crowd of wakers costs one system call.
template <class Sync = system_sync>
class basic_sleep_gate {
public:
    void prepare() noexcept { state_.store(asleep, std::memory_order_seq_cst); }
    // omittable: a waker would wake a worker that runs, once
    // needs no seq_cst, release: who still sees it asleep is told by the exchange in `rouse`
    void awake() noexcept { state_.store(running, std::memory_order_seq_cst); }

    [[nodiscard]] bool rouse() noexcept {
        std::uint32_t expected = asleep;
        const bool sleeps = state_.load(std::memory_order_seq_cst) == asleep;
        // needs no seq_cst, acquire, release: it decides among wakers only
        return sleeps &&
               state_.compare_exchange_strong(expected, running, std::memory_order_seq_cst);
    }

    /// [onlooker]
    [[nodiscard]] bool is_asleep() const noexcept {
        // needs no seq_cst, acquire: a hint
        return state_.load(std::memory_order_seq_cst) == asleep;
    }

private:
    static constexpr std::uint32_t running = 0;
    static constexpr std::uint32_t asleep = 1;

    // `asleep` from `prepare` until the first `rouse` or `awake`.
    typename Sync::template atomic<std::uint32_t> state_{running};
};

using sleep_gate = basic_sleep_gate<>;

}  // namespace mioco::detail
