// SPDX-License-Identifier: MPL-2.0
#include "io/sim/simulation_driver.hpp"

#include <algorithm>

#include "io/sim/simulation.hpp"

namespace mioco::detail::sim {

namespace {

// A call that is offloaded takes up to that, and a worker is up to that late.
constexpr nanoseconds_t latest_start_ns = 200'000;
constexpr std::uint64_t most_switches = 16;
constexpr std::uint64_t most_passed_over = 16;
// No descriptors of hosts, whose numbers are below.
constexpr int first_event = 0x7000'0000;

}  // namespace

std::unique_ptr<driver_thread> simulation_driver::start_thread(const std::string&,
                                                               std::function<void()> body) {
    return threads_.start({of_.current_boot(), latest_start_ns}, std::move(body));
}

std::unique_ptr<poller> simulation_driver::make_poller(const void* group) {
    of_.note_runtime(group);
    return sim_driver::make_poller(group);
}

int simulation_driver::poll(std::span<pollfd> entries, nanoseconds_t timeout_ns) noexcept {
    const nanoseconds_t deadline = timeout_ns < 0 ? never : world_.now() + timeout_ns;
    for (;;) {
        if (const int count = count_ready(entries); count > 0) return count;
        if (world_.now() >= deadline) return 0;
        const unsigned others = entries.size() > 1 ? 1 : 0;
        descriptor_polls_ += others;
        threads_.wait(&events_, deadline);
        descriptor_polls_ -= others;
    }
}

int simulation_driver::count_ready(std::span<pollfd> entries) noexcept {
    int count = 0;
    for (pollfd& each : entries) {
        each.revents = 0;
        if (each.fd < 0) continue;
        if (const auto event = events_.find(each.fd); event != events_.end()) {
            if (event->second) each.revents = POLLIN;
        } else {
            const int ready = ready_now(each.fd, each.events);
            each.revents = static_cast<short>(ready < 0 ? POLLNVAL : ready);
        }
        if (each.revents != 0) ++count;
    }
    return count;
}

void simulation_driver::sleep_until(nanoseconds_t deadline) noexcept {
    while (world_.now() < deadline) threads_.wait(nullptr, deadline);
}

int simulation_driver::open_event() noexcept {
    const int number = events_.empty() ? first_event : events_.rbegin()->first + 1;
    events_[number] = false;
    return number;
}

void simulation_driver::signal_event(int fd) noexcept {
    events_[fd] = true;
    threads_.wake(&events_);
}

bool simulation_driver::clear_event(int fd) noexcept { return std::exchange(events_[fd], false); }

void simulation_driver::close(int fd) noexcept {
    if (events_.erase(fd) == 0) sim_driver::close(fd);
}

std::int32_t simulation_driver::switches_a_look() noexcept {
    return 1 + static_cast<std::int32_t>(world_.below(most_switches));
}

std::size_t simulation_driver::fibers_to_pass_over(std::size_t ready) noexcept {
    if (ready == 0) return 0;
    return world_.below(std::min<std::uint64_t>(ready, most_passed_over) + 1);
}

}  // namespace mioco::detail::sim
