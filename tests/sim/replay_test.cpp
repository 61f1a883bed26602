// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>
#include <mioco/sim.hpp>

#include "support/process.hpp"

// How a run is done again, and what it depends on.

namespace {

using mioco_test::scoped_environment;
namespace sim = mioco::sim;

std::string failure_of() {
    try {
        sim::explore(1000, [] {
            if (sim::random_below(20) == 7) throw std::runtime_error("seven");
        });
    } catch (const sim::failure& e) {
        return e.what();
    }
    return "";
}

std::string again_line(const std::string& said) {
    const std::size_t begin = said.find("\n  again: ");
    if (begin == std::string::npos) return "";
    const std::size_t from = begin + std::string("\n  again: ").size();
    return said.substr(from, said.find('\n', from) - from);
}

std::string output_of(const std::string& command) {
    std::string text;
    const std::unique_ptr<FILE, int (*)(FILE*)> from(popen(command.c_str(), "r"), &pclose);
    std::array<char, 4096> part{};
    while (const std::size_t count = fread(part.data(), 1, part.size(), from.get()))
        text.append(part.data(), count);
    return text;
}

TEST(sim_replay, is_one_command_that_fails_the_same_way) {
    const scoped_environment no_seed("MIOCO_SEED", nullptr);
    const char* const build = std::getenv("MIOCO_BUILD_DIR");
    ASSERT_NE(build, nullptr) << "run by ctest, or with MIOCO_BUILD_DIR set to the build folder";
    const std::string program = std::string(build) + "/tests/sim/replay_program";
    const std::string first = output_of(program + R"( plain 'two words' "it's" '#$;' '')");
    const std::string again = again_line(first);
    EXPECT_NE(again.find("MIOCO_SEED="), std::string::npos) << first;
    const std::string second = output_of(again);
    EXPECT_EQ(first, second);
    EXPECT_NE(second.find("seven"), std::string::npos) << second;
}

// By which the seed of a run is known that ends the process.
TEST(sim_replay, a_trace_begins_with_the_seed_of_its_run) {
    const scoped_environment no_seed("MIOCO_SEED", nullptr);
    const scoped_environment trace("MIOCO_SIM_TRACE", "1");
    const char* const build = std::getenv("MIOCO_BUILD_DIR");
    ASSERT_NE(build, nullptr) << "run by ctest, or with MIOCO_BUILD_DIR set to the build folder";
    const std::string said = output_of(std::string(build) + "/tests/sim/replay_program 2>&1");
    const std::string again = again_line(said);
    const std::size_t from = again.find("MIOCO_SEED=") + 11;
    const std::string seed = again.substr(from, again.find(' ', from) - from);
    const std::string first_line = "mioco: simulation: seed " + seed + "\n";
    EXPECT_NE(said.find(first_line), std::string::npos) << said;
}

TEST(sim_replay, names_what_changes_the_run_and_is_set) {
    const scoped_environment no_seed("MIOCO_SEED", nullptr);
    const scoped_environment workers("MIOCO_WORKERS", "7");
    {
        const scoped_environment migrate("MIOCO_MIGRATE", "always");
        const scoped_environment stack("MIOCO_STACK_SIZE", "128K");
        EXPECT_EQ(
            again_line(failure_of()).find("MIOCO_MIGRATE=always MIOCO_STACK_SIZE=128K MIOCO_SEED="),
            0U);
    }
    const scoped_environment migrate("MIOCO_MIGRATE", nullptr);
    const scoped_environment stack("MIOCO_STACK_SIZE", nullptr);
    EXPECT_EQ(again_line(failure_of()).find("MIOCO_SEED="), 0U);
}

std::uint64_t hash_of_a_run() {
    sim::report about;
    sim::run(
        {},
        [] {
            mioco::runtime own;
            for (int i = 0; i < 8; ++i) {
                own.spawn([] { mioco::yield(); });
                mioco::spawn(
                    [] { mioco::offload([] { mioco::sleep_for(std::chrono::seconds(1)); }); });
            }
        },
        &about);
    return about.hash;
}

TEST(sim_replay, numbers_of_the_environment_and_of_the_machine_change_nothing) {
    const std::uint64_t plain = hash_of_a_run();
    const scoped_environment workers("MIOCO_WORKERS", "7");
    const scoped_environment threads("MIOCO_OFFLOAD_THREADS", "1");
    const scoped_environment queue("MIOCO_OFFLOAD_QUEUE", "0");
    const scoped_environment spin("MIOCO_SPIN_US", "1000");
    EXPECT_EQ(hash_of_a_run(), plain);
    sim::config wanted;
    wanted.workers = 3;
    sim::run(wanted, [] { EXPECT_EQ(mioco::runtime().worker_count(), 3U); });
}

}  // namespace
