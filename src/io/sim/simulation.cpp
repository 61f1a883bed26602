// SPDX-License-Identifier: MPL-2.0
#include "io/sim/simulation.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <system_error>

#include "io/sim/deadlock_report.hpp"
#include "io/sim/sim_poller.hpp"
#include "runtime/runtime_access.hpp"
#include "runtime/runtime_core.hpp"
#include "runtime/runtime_list.hpp"
#include "sched/current.hpp"
#include "sched/worker.hpp"
#include "stack/overflow.hpp"

namespace mioco::detail::sim {

namespace {

nanoseconds_t saturated_sum(nanoseconds_t time, std::chrono::nanoseconds more) {
    return more.count() >= never - time ? never : time + more.count();
}

}  // namespace

simulation::simulation(const settings& wanted)
    : settings_(wanted),
      driver_(world_, threads_, *this),
      world_(settings_, *this),
      threads_(
          world_, driver_, [this] { get_unstuck(); }, saturated_sum(began_, wanted.time_limit),
          [this] { end_overrun(); }) {}

// All are at rest.
simulation::~simulation() {
    while (!machines_.empty()) {
        const machine last = std::move(machines_.back());
        machines_.pop_back();
    }
    refuse_survivors();
}

simulation* simulation::current() noexcept {
    driver* const io = current_thread().world;
    return io == nullptr ? nullptr : &static_cast<simulation_driver*>(io)->of();
}

// Who runs for which host

boot simulation::current_boot() noexcept {
    if (making_) return *making_;
    const worker* const here = current_worker();
    const auto found = here == nullptr ? boots_.end() : boots_.find(&here->home());
    return found != boots_.end() ? found->second : threads_.running();
}

void simulation::note_runtime(const void* made) { boots_[made] = current_boot(); }

bool simulation::is_left_over() noexcept {
    const boot caller = current_boot();
    return caller.number != world_.net().at(caller.host).crashes;
}

bool simulation::is_gone(const machine& each) noexcept {
    return each.of.number != world_.net().at(each.of.host).crashes;
}

runtime& simulation::runtime_of(std::string_view host) {
    const host_id id = world_.add_host(host);
    const sim::host& at = world_.net().at(id);
    if (!at.is_up) {
        throw std::system_error(
            EHOSTDOWN, std::system_category(),
            "mioco: simulation: \"" + at.name + "\" has crashed (see mioco::sim::restart)");
    }
    const boot wanted{id, at.crashes};
    const auto found = std::ranges::find(machines_, wanted, &machine::of);
    if (found != machines_.end()) return *found->runs;
    making_ = wanted;
    auto made =
        std::make_unique<runtime>(config{}.workers(settings_.workers).name(std::string(host)));
    making_.reset();
    if (is_ending_) made->stop();
    const runtime_core* const core = runtime_access::core(*made).get();
    machines_.push_back({wanted, core, std::move(made)});
    return *machines_.back().runs;
}

// From the first fiber to the last

void simulation::run(const std::function<void()>& program, mioco::sim::report* about) {
    const overflow_stack for_overflows;
    std::exception_ptr thrown;
    try {
        run_to_the_end(program);
    } catch (...) {
        thrown = std::current_exception();
        stop_all();
        wait_for_all();
    }
    if (about != nullptr) *about = describe();
    // What a stop has thrown says less.
    if (stopped_by_) std::rethrow_exception(stopped_by_);
    if (thrown) std::rethrow_exception(thrown);
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

// Those that the program has made too. Whether there was one that had not been asked before.
bool simulation::stop_all() noexcept {
    is_ending_ = true;
    bool is_news = false;
    for (runtime_core* const each : existing_runtimes.all_of(driver_)) {
        is_news = is_news || !each->is_stopping();
        each->request_stop();
    }
    return is_news;
}

mioco::sim::report simulation::describe() noexcept {
    const trace& log = world_.log();
    // What was drawn counts too, whatever came of it.
    return {.hash = log.hash() ^ world_.draw(),
            .events = log.events(),
            .passed = std::chrono::nanoseconds(world_.now() - began_),
            .open_descriptors = world_.open_descriptors()};
}

void simulation::refuse_survivors() noexcept {
    if (existing_runtimes.all_of(driver_).empty()) return;
    std::fputs(
        "mioco: simulation: a runtime that was made in it is still there at its end: one must end "
        "in the function that the simulation runs\n",
        stderr);
    std::abort();
}

// Stops and crashes

void simulation::stop(std::string_view host) {
    const host_id id = world_.add_host(host);
    if (world_.net().at(id).is_up) runtime_of(host).stop();
}

host_id simulation::other_host(std::string_view name, const char* call) {
    const host_id id = world_.host(name);
    if (id != current_host()) return id;
    throw std::invalid_argument("mioco: simulation: " + std::string(call) + " of \"" +
                                std::string(name) +
                                "\" by a fiber of its own: have one of another host do that");
}

// All of its fibers are asked at once, so that none gets on to its next call.
void simulation::crash(std::string_view host) {
    const host_id id = other_host(host, "crash");
    world_.crash(host);
    for (runtime_core* const each : existing_runtimes.all_of(driver_)) {
        if (boots_.at(each).host != id) continue;
        each->request_stop();
        each->cancel_if_stopped();
    }
}

void simulation::restart(std::string_view host) {
    static_cast<void>(other_host(host, "restart"));
    world_.restart(host);
    drop_gone();
}

// Their threads end meanwhile, while others may change the list.
void simulation::drop_gone() {
    std::vector<machine> ended;
    for (auto each = machines_.begin(); each != machines_.end();) {
        if (is_gone(*each) && each->core->is_at_rest()) {
            ended.push_back(std::move(*each));
            each = machines_.erase(each);
        } else {
            ++each;
        }
    }
}

// Turns

void simulation::pass(sim_poller& caller, nanoseconds_t deadline) noexcept {
    do {
        threads_.wait(&caller, deadline);
    } while (!caller.has_news() && world_.now() < deadline);
}

void simulation::woken(sim_poller& poller) noexcept { threads_.wake(&poller); }

std::string simulation::waits(const char* headline) {
    std::vector<placed_runtime> runtimes;
    for (const runtime_core* const each : existing_runtimes.all_of(driver_))
        runtimes.emplace_back(each, boots_.at(each).host);
    return describe_waits(headline, world_, began_, runtimes, threads_);
}

// All fibers are asked to stop, so that the run ends. Who waits for ever all the same is a thread, or waits for a lock, or in a destructor.
void simulation::get_unstuck() {
    const std::string report = waits("all fibers wait, and nothing is to come");
    if (!stopped_by_) stopped_by_ = std::make_exception_ptr(mioco::sim::deadlock(report));
    if (stop_all()) return;
    std::fprintf(stderr,
                 "mioco: simulation: seed %llu: all fibers were asked to stop, and some wait on "
                 "for what nobody will do\n%s",
                 static_cast<unsigned long long>(settings_.seed), report.c_str());
    std::abort();
}

void simulation::end_overrun() {
    if (is_ending_) return;
    stopped_by_ = std::make_exception_ptr(mioco::sim::overrun(waits(
        "the program has not ended (see mioco::sim::config::time_limit); what it waits for")));
    stop_all();
}

}  // namespace mioco::detail::sim
