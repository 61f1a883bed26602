// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
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

/// One run of a program in a world of its own. Each host has a runtime, as each machine would have a process.
class simulation final : public turns {
public:
    explicit simulation(const settings& wanted);
    ~simulation() override;

    /// That of the calling thread, or null.
    static simulation* current() noexcept;

    [[nodiscard]] world& outside() noexcept { return world_; }
    /// The runtime of a host, made when it is first asked for.
    runtime& runtime_of(std::string_view host);
    /// Runs the program on the first host, until all fibers of all hosts have ended. Throws what it throws, or mioco::sim::deadlock.
    mioco::sim::report run(const std::function<void()>& program);

    void pass(sim_poller& caller, nanoseconds_t deadline) noexcept override;
    void woken(sim_poller& poller) noexcept override;
    [[nodiscard]] host_id current_host() noexcept override;

private:
    struct machine {
        host_id host;
        const runtime_core* core;
        std::unique_ptr<runtime> runs;
    };

    void run_to_the_end(const std::function<void()>& program);
    void wait_for_all();
    void stop_all() noexcept;
    [[nodiscard]] mioco::sim::report describe() noexcept;
    void get_unstuck();

    const settings settings_;
    world world_;
    const nanoseconds_t began_ = world_.now();
    simulation_driver driver_;
    virtual_threads threads_;
    std::vector<machine> machines_;
    std::string deadlock_;
};

}  // namespace mioco::detail::sim
