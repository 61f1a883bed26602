// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/detail/sync.hpp>

namespace mioco::detail {

/// What the workers of a runtime know of each other: who is busy, and who watches the busy ones.
///
///     worker: `count_busy` before it runs fibers, then `is_watched`; if not, rouses another one.
///     idle:   `count_idle`, and if somebody is busy `try_watch`; who does not watch says that it sleeps, looks at `needs_watcher` once
///             more, and sleeps only if it is not needed.
///
/// Each writes before it reads, sequentially consistent, so of a worker that begins to run fibers and one that goes to sleep
/// without watching one sees the other.
template <class Sync = system_sync>
class basic_watch_board {
public:
    /// All are idle, those that were not started included.
    explicit basic_watch_board(unsigned workers) noexcept : workers_(workers), idle_(workers) {}

    void count_busy() noexcept { idle_.fetch_sub(1, std::memory_order_seq_cst); }
    // needs no seq_cst, acquire, release: who still sees a busy one watches a little longer
    void count_idle() noexcept { idle_.fetch_add(1, std::memory_order_seq_cst); }
    [[nodiscard]] bool any_busy() const noexcept {
        return idle_.load(std::memory_order_seq_cst) < workers_;
    }

    /// False if enough do.
    [[nodiscard]] bool try_watch() noexcept {
        const unsigned enough = workers_ > 2 ? 2 : 1;
        // needs no seq_cst, acquire, release: who does not see it yet rouses one more
        if (watchers_.fetch_add(1, std::memory_order_seq_cst) < enough) return true;
        stop_watching();
        return false;
    }
    void stop_watching() noexcept { watchers_.fetch_sub(1, std::memory_order_seq_cst); }
    [[nodiscard]] bool is_watched() const noexcept {
        return watchers_.load(std::memory_order_seq_cst) != 0;
    }

    [[nodiscard]] bool needs_watcher() const noexcept { return any_busy() && !is_watched(); }

private:
    const unsigned workers_;
    typename Sync::template atomic<unsigned> idle_;  // not inside a fiber
    // For a moment more than there are: who finds that enough watch takes itself back.
    typename Sync::template atomic<unsigned> watchers_{0};
};

using watch_board = basic_watch_board<>;

}  // namespace mioco::detail
