// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "io/sim/sim_driver.hpp"

namespace mioco_test {

/// The kernel of a simulation for threads of the system: who uses it sees to it that one of them runs at a time.
class sim_kernel final : public mioco::detail::sim::sim_driver {
public:
    using sim_driver::sim_driver;

    [[nodiscard]] unsigned usual_workers() const noexcept override {
        return system().usual_workers();
    }
    std::unique_ptr<mioco::detail::driver_thread> start_thread(
        const std::string& name, std::function<void()> body) override {
        return system().start_thread(name, std::move(body));
    }
    mioco::detail::nanoseconds_t idle_thread_lives_ns() noexcept override {
        return system().idle_thread_lives_ns();
    }
    int poll(std::span<pollfd> entries, mioco::detail::nanoseconds_t timeout_ns) noexcept override {
        return system().poll(entries, timeout_ns);
    }
    void sleep_until(mioco::detail::nanoseconds_t deadline) noexcept override {
        system().sleep_until(deadline);
    }
    void yield_thread() noexcept override { system().yield_thread(); }
    int open_event() noexcept override { return system().open_event(); }
    void signal_event(int fd) noexcept override { system().signal_event(fd); }
    bool clear_event(int fd) noexcept override { return system().clear_event(fd); }
    std::int32_t switches_a_look() noexcept override { return system().switches_a_look(); }
    mioco::detail::nanoseconds_t poll_interval_ns() noexcept override {
        return system().poll_interval_ns();
    }
    std::size_t fibers_to_pass_over(std::size_t) noexcept override { return 0; }

private:
    static mioco::detail::driver& system() { return mioco::detail::system_driver(); }
};

}  // namespace mioco_test
