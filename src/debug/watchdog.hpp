// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "debug/stack_sampler.hpp"
#include "io/driver.hpp"
#include "sched/held_worker.hpp"

namespace mioco::detail {

class runtime_core;
class worker;

/// Looks at the workers of a runtime again and again, on a thread of its own, and reports fibers that hold one for too long.
class watchdog {
public:
    /// Null without a limit.
    static std::unique_ptr<watchdog> make(runtime_core& home, nanoseconds_t limit_ns);

    watchdog(runtime_core& home, nanoseconds_t limit_ns);
    /// `end`.
    ~watchdog() { end(); }
    watchdog(const watchdog&) = delete;
    watchdog& operator=(const watchdog&) = delete;

    /// [one at a time] Starts its thread, if it does not run yet. Throws std::system_error.
    void start();
    [[nodiscard]] bool is_started() const noexcept { return thread_ != nullptr; }
    /// Ends its thread and waits for that. Workers may go on calling.
    void end() noexcept;

    /// [worker] It may run fibers from now on.
    void note_awake() noexcept {
        if (rests_.exchange(false, std::memory_order_seq_cst)) [[unlikely]]
            call();
    }

private:
    void call() noexcept;
    void watch() noexcept;
    bool pause() noexcept;
    bool look() noexcept;
    [[nodiscard]] bool any_awake() noexcept;
    void report(worker& on, const held_worker& seen) noexcept;

    static constexpr unsigned quiet_looks_until_rest = 8;

    runtime_core& home_;
    const nanoseconds_t limit_ns_;
    std::optional<stack_sampler::use> sampling_;
    std::vector<held_worker> seen_;  // by worker
    std::unique_ptr<driver_thread> thread_;
    // Set by this thread before it looks whether any worker is awake, and unset by a worker after it has become so, each by an
    // exchange: of the two, the later one sees what the other has done before.
    std::atomic<bool> rests_{false};
    std::mutex mutex_;  // for what follows
    std::condition_variable called_;
    bool ending_ = false;
};

}  // namespace mioco::detail
