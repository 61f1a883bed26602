// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mioco/runtime.hpp>
#include <mioco/sim.hpp>

#include "io/sim/simulation_driver.hpp"
#include "io/sim/turns.hpp"
#include "io/sim/virtual_threads.hpp"
#include "io/sim/world.hpp"

namespace mioco::detail::sim {

/// One run of a program in a world of its own. Each host has a runtime, as each machine would have a process, and another one after a
/// crash: what is left of the first unwinds, and reaches nothing.
class simulation final : public turns {
public:
    explicit simulation(const settings& wanted);
    ~simulation() override;

    /// That of the calling thread, or null.
    static simulation* current() noexcept;

    [[nodiscard]] world& outside() noexcept { return world_; }
    /// The runtime of a host, made when it is first asked for. Throws std::system_error while the host is down.
    runtime& runtime_of(std::string_view host);
    /// Asks what runs on a host to stop.
    void stop(std::string_view host);
    // Both throw std::invalid_argument for a host that is not known, and for the caller's own.
    void crash(std::string_view host);
    void restart(std::string_view host);
    /// Runs the program on the first host, until all fibers of all hosts have ended. Throws what it throws, mioco::sim::deadlock, or mioco::sim::overrun.
    /// `about` may be null; it is filled in in either case.
    void run(const std::function<void()>& program, mioco::sim::report* about);

    void pass(sim_poller& caller, nanoseconds_t deadline) noexcept override;
    void woken(sim_poller& poller) noexcept override;
    [[nodiscard]] host_id current_host() noexcept override { return current_boot().host; }
    [[nodiscard]] bool is_left_over() noexcept override;
    void changed() noexcept override { driver_.look_again(); }

    // For the driver
    /// For which the caller runs.
    [[nodiscard]] boot current_boot() noexcept;
    /// That the caller makes a runtime.
    void note_runtime(const void* made);

private:
    struct machine {
        boot of;
        const runtime_core* core;
        std::unique_ptr<runtime> runs;
    };

    void run_to_the_end(const std::function<void()>& program);
    void wait_for_all();
    [[nodiscard]] bool is_gone(const machine& each) noexcept;
    void drop_gone();
    [[nodiscard]] host_id other_host(std::string_view name, const char* call);
    bool stop_all() noexcept;
    [[nodiscard]] mioco::sim::report describe() noexcept;
    [[nodiscard]] std::string waits(const char* headline);
    void get_unstuck();
    void end_overrun();
    void refuse_survivors() noexcept;

    const settings settings_;
    simulation_driver driver_;  // which the end of the world still tells of changes
    world world_;
    const nanoseconds_t began_ = world_.now();
    virtual_threads threads_;
    std::vector<machine> machines_;
    // For which each runtime runs that exists, also those that the program has made; others may be in here too.
    std::map<const void*, boot> boots_;
    std::optional<boot> making_;
    bool is_ending_ = false;         // all were asked to stop
    std::exception_ptr stopped_by_;  // a deadlock or an overrun
};

}  // namespace mioco::detail::sim
