// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "io/sim/sim_driver.hpp"
#include "io/sim/virtual_threads.hpp"

namespace mioco::detail::sim {

class simulation;

/// The driver of a simulation: the emulated kernel's calls, the threads of the simulation, and what is left to chance in a scheduler.
class simulation_driver final : public sim_driver {
public:
    simulation_driver(world& in, virtual_threads& threads, simulation& of)
        : sim_driver(in), world_(in), threads_(threads), of_(of) {}

    [[nodiscard]] simulation& of() const noexcept { return of_; }

    [[nodiscard]] unsigned usual_workers() const noexcept override {
        return world_.wanted().workers;
    }
    std::unique_ptr<poller> make_poller(const void* group) override;
    std::unique_ptr<driver_thread> start_thread(const std::string& name,
                                                std::function<void()> body) override;
    nanoseconds_t idle_thread_lives_ns() noexcept override { return 0; }
    int poll(std::span<pollfd> entries, nanoseconds_t timeout_ns) noexcept override;
    void sleep_until(nanoseconds_t deadline) noexcept override;
    void yield_thread() noexcept override { threads_.look_around(); }
    int open_event() noexcept override;
    void signal_event(int fd) noexcept override;
    bool clear_event(int fd) noexcept override;
    std::int32_t switches_a_look() noexcept override;
    nanoseconds_t poll_interval_ns() noexcept override { return 0; }
    std::size_t fibers_to_pass_over(std::size_t ready) noexcept override;
    [[nodiscard]] bool is_repeatable() const noexcept override { return true; }
    void close(int fd) noexcept override;
    /// Threads that poll descriptors look again.
    void look_again() noexcept {
        if (descriptor_polls_ > 0) threads_.wake(&events_);
    }

private:
    [[nodiscard]] int count_ready(std::span<pollfd> entries) noexcept;

    world& world_;
    virtual_threads& threads_;
    simulation& of_;
    std::map<int, bool> events_;     // whether each is signalled
    unsigned descriptor_polls_ = 0;  // of other descriptors than those
};

}  // namespace mioco::detail::sim
