// SPDX-License-Identifier: MPL-2.0
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

#include <mioco/sim.hpp>

#include "io/sim/simulation.hpp"
#include "sched/current.hpp"

namespace mioco::detail {

namespace {

bool wants_trace() {
    const char* const wanted = std::getenv("MIOCO_SIM_TRACE");
    return wanted != nullptr && *wanted != '\0' && *wanted != '0';
}

std::optional<std::uint64_t> wanted_seed() {
    const char* const text = std::getenv("MIOCO_SEED");
    if (text == nullptr || *text == '\0') return std::nullopt;
    const std::string_view all(text);
    std::uint64_t seed = 0;
    const auto [end, failure] = std::from_chars(all.data(), all.data() + all.size(), seed);
    if (failure != std::errc() || end != all.data() + all.size()) {
        throw std::invalid_argument("mioco: MIOCO_SEED = \"" + std::string(text) +
                                    "\": allowed is a number below 2^64");
    }
    return seed;
}

std::string quoted(const std::string& word) {
    if (!word.empty() && word.find_first_of(" \t\n'\"$&|;<>()*?[]{}~`\\#!") == std::string::npos)
        return word;
    std::string whole = "'";
    for (const char each : word)
        whole += each == '\'' ? std::string("'\\''") : std::string(1, each);
    return whole + "'";
}

// What a runtime asks the environment for in a simulation too; see runtime/settings.cpp.
std::string own_environment() {
    std::string set;
    for (const char* const name : {"MIOCO_MIGRATE", "MIOCO_STACK_SIZE"}) {
        const char* const value = std::getenv(name);
        if (value != nullptr && *value != '\0')
            set += std::string(name) + '=' + quoted(value) + ' ';
    }
    return set;
}

std::string own_command() {
    std::ifstream arguments("/proc/self/cmdline", std::ios::binary);
    std::string command;
    for (std::string each; std::getline(arguments, each, '\0');)
        command += (command.empty() ? "" : " ") + quoted(each);
    return command;
}

void write_line(std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stderr);
    std::fputc('\n', stderr);
}

void explore_seed(const mioco::sim::config& wanted, const std::function<void()>& program) {
    std::string what;
    try {
        run_simulation(wanted, program, nullptr);
        return;
    } catch (const std::exception& e) {
        what = e.what();
    } catch (...) {
        what = "an exception that is no std::exception";
    }
    const std::string seed = std::to_string(wanted.seed);
    throw mioco::sim::failure(wanted.seed, "mioco: simulation: seed " + seed + ": " + what +
                                               "\n  again: " + own_environment() +
                                               "MIOCO_SEED=" + seed + " " + own_command() +
                                               "\n  with MIOCO_SIM_TRACE=1 it tells what happens");
}

sim::simulation& current_simulation() {
    if (sim::simulation* const here = sim::simulation::current()) return *here;
    throw std::logic_error(
        "mioco: what belongs to a simulation was called outside of one (see mioco::sim::run)");
}

}  // namespace

void run_simulation(const mioco::sim::config& wanted, const std::function<void()>& program,
                    mioco::sim::report* about) {
    if (current_fiber() != nullptr || sim::simulation::current() != nullptr)
        throw std::logic_error(
            "mioco: a simulation must begin in a plain thread, and outside of others");
    mioco::sim::config with_trace = wanted;
    if (!with_trace.on_event && wants_trace()) {
        write_line("mioco: simulation: seed " + std::to_string(wanted.seed));
        with_trace.on_event = &write_line;
    }
    sim::simulation all(with_trace);
    all.run(program, about);
}

void explore_seeds(std::size_t count, const mioco::sim::config& wanted,
                   const std::function<void()>& program) {
    mioco::sim::config each = wanted;
    if (const auto only = wanted_seed()) {
        each.seed = *only;
        return explore_seed(each, program);
    }
    for (std::size_t i = 0; i < count; ++i, ++each.seed) explore_seed(each, program);
}

runtime& runtime_of_host(std::string_view host) { return current_simulation().runtime_of(host); }

}  // namespace mioco::detail

namespace mioco::sim {

using detail::current_simulation;

void partition(std::string_view one, std::string_view other) {
    current_simulation().outside().partition(one, other);
}

void block(std::string_view from, std::string_view to) {
    current_simulation().outside().block(from, to);
}

void heal(std::string_view one, std::string_view other) {
    current_simulation().outside().heal(one, other);
}

void heal_all() { current_simulation().outside().heal_all(); }

std::string address_of(std::string_view host) {
    detail::sim::world& outside = current_simulation().outside();
    const auto& bytes = outside.net().at(outside.add_host(host)).v4.bytes;
    return std::to_string(bytes[12]) + '.' + std::to_string(bytes[13]) + '.' +
           std::to_string(bytes[14]) + '.' + std::to_string(bytes[15]);
}

void stop(std::string_view host) { current_simulation().stop(host); }

void crash(std::string_view host) { current_simulation().crash(host); }

void restart(std::string_view host) { current_simulation().restart(host); }

std::uint64_t random_below(std::uint64_t count) {
    return current_simulation().outside().below(count);
}

bool is_simulated() noexcept { return detail::sim::simulation::current() != nullptr; }

}  // namespace mioco::sim
