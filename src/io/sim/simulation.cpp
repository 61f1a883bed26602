// SPDX-License-Identifier: MPL-2.0
#include "io/sim/simulation.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <mioco/dump.hpp>

#include "io/sim/sim_poller.hpp"
#include "runtime/runtime_access.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/current.hpp"
#include "sched/worker.hpp"
#include "stack/overflow.hpp"

namespace mioco::detail::sim {

simulation::simulation(const settings& wanted)
    : settings_(wanted),
      world_(settings_, *this),
      driver_(world_, threads_, *this),
      threads_(world_, driver_, [this] { get_unstuck(); }) {}

// All are at rest.
simulation::~simulation() {
    while (!machines_.empty()) {
        const machine last = std::move(machines_.back());
        machines_.pop_back();
    }
}

simulation* simulation::current() noexcept {
    driver* const io = current_thread().world;
    return io == nullptr ? nullptr : &static_cast<simulation_driver*>(io)->of();
}

runtime& simulation::runtime_of(std::string_view host) {
    const host_id id = world_.add_host(host);
    const auto found = std::ranges::find(machines_, id, &machine::host);
    if (found != machines_.end()) return *found->runs;
    const config wanted = config{}.workers(settings_.workers).name(std::string(host));
    auto made = std::make_unique<runtime>(wanted);
    const runtime_core* const core = runtime_access::core(*made).get();
    machines_.push_back({id, core, std::move(made)});
    return *machines_.back().runs;
}

mioco::sim::report simulation::run(const std::function<void()>& program) {
    const overflow_stack for_overflows;
    try {
        run_to_the_end(program);
    } catch (...) {
        stop_all();
        wait_for_all();
        // What a stop has thrown says less.
        if (deadlock_.empty()) throw;
    }
    if (!deadlock_.empty()) throw mioco::sim::deadlock(deadlock_);
    return describe();
}

void simulation::run_to_the_end(const std::function<void()>& program) {
    runtime_of(settings_.hosts.front()).run(program);
    wait_for_all();
}

// Whose fibers may spawn on those that have come to rest.
void simulation::wait_for_all() {
    const auto busy = [](const machine& each) { return !each.core->is_at_rest(); };
    for (;;) {
        const auto found = std::ranges::find_if(machines_, busy);
        if (found == machines_.end()) return;
        found->runs->wait();
    }
}

void simulation::stop_all() noexcept {
    for (const machine& each : machines_) each.runs->stop();
}

mioco::sim::report simulation::describe() noexcept {
    const trace& log = world_.log();
    // What was drawn counts too, whatever came of it.
    return {.hash = log.hash() ^ world_.draw(),
            .events = log.events(),
            .passed = std::chrono::nanoseconds(world_.now() - began_),
            .open_descriptors = world_.open_descriptors()};
}

void simulation::pass(sim_poller& caller, nanoseconds_t deadline) noexcept {
    do {
        threads_.wait(&caller, deadline);
    } while (!caller.has_news() && world_.now() < deadline);
}

void simulation::woken(sim_poller& poller) noexcept { threads_.wake(&poller); }

host_id simulation::current_host() noexcept {
    const worker* const here = current_worker();
    const auto is_here = [=](const machine& each) {
        return here != nullptr && each.core == &here->home();
    };
    const auto found = std::ranges::find_if(machines_, is_here);
    return found != machines_.end() ? found->host : threads_.running_host();
}

// All fibers are asked to stop, so that the run ends. Who waits for ever all the same is a thread, or a destructor.
void simulation::get_unstuck() {
    if (!deadlock_.empty()) {
        std::fputs(
            "mioco: simulation: all fibers were asked to stop, and some wait on for what nobody "
            "will do\n",
            stderr);
        dump();
        std::abort();
    }
    deadlock_ = "all fibers wait, and nothing is to come:\n" + dump_text();
    stop_all();
}

}  // namespace mioco::detail::sim
