// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mutex>
#include <vector>

#include <mioco/metrics.hpp>

namespace mioco::detail {

class driver;
class runtime_core;

/// The runtimes that exist, for those who look at fibers from outside. While they hold the lock no runtime comes to its end, and
/// no thread ceases to be a worker. Held for a fiber's look at most, and never across a switch.
class runtime_list {
public:
    void add(runtime_core& made);
    void remove(runtime_core& ending) noexcept;

    [[nodiscard]] std::mutex& lock() noexcept { return lock_; }
    /// Whether there is no other.
    [[nodiscard]] bool is_only_one(const runtime_core& asked) noexcept;
    /// [holder of the lock] The pointer may be of one that is gone.
    [[nodiscard]] bool contains(const runtime_core* asked) const noexcept;
    /// Those of a driver; the latest first.
    [[nodiscard]] std::vector<runtime_core*> all_of(const driver& io);
    /// What those of a driver have counted; the earliest first.
    [[nodiscard]] std::vector<runtime_metrics> metrics_of(const driver& io);

private:
    std::mutex lock_;
    runtime_core* first_ = nullptr;  // linked by `next_existing_`
};

extern constinit runtime_list existing_runtimes;

}  // namespace mioco::detail
