// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "time/lazy_timer.hpp"

namespace mioco::detail {

/// How often a worker had a pause, for its neighbours. A sleep that ends at once was none: a worker with more to do than it can
/// may be through its queue each time and find the next events there.
class pause_count {
public:
    /// [the worker] Around each sleep.
    void begin(nanoseconds_t now) noexcept { began_ = now; }
    void end(nanoseconds_t now) noexcept {
        if (now - began_ < shortest_ns) return;
        count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    /// [any] A hint.
    [[nodiscard]] std::uint32_t value() const noexcept {
        return count_.load(std::memory_order_relaxed);
    }

    static constexpr nanoseconds_t shortest_ns = 10'000;

private:
    std::atomic<std::uint32_t> count_{0};  // relaxed: a hint, with one writer
    nanoseconds_t began_ = 0;
};

}  // namespace mioco::detail
