// SPDX-License-Identifier: MPL-2.0
#include "support/simulated.hpp"

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>
#include <mioco/offload.hpp>
#include <mioco/sim.hpp>

#include "context/sanitizer.hpp"
#include "support/process.hpp"
#include "support/simulated_world.hpp"

#if defined(MIOCO_ASAN) || defined(MIOCO_TSAN)
#include <sanitizer/common_interface_defs.h>
#endif

namespace mioco_test {

namespace {

// A simulation has no limit of its own. Of all cases of a file that run in it; under a sanitizer two such runs fit into the test's limit.
#if defined(MIOCO_ASAN) || defined(MIOCO_TSAN)
constexpr unsigned limit_of_a_seed_s = 280;
#else
constexpr unsigned limit_of_a_seed_s = 120;
#endif
// Where nobody says how many seeds: no more are begun after so much of the CPU's time.
constexpr double usual_budget_s = 0.15;
constexpr std::uint64_t usual_seeds = 20;

// What is said of the seed that runs, also when it takes the process with it.
char replay_line[1024];

void write_replay_line() {
    static_cast<void>(!write(STDERR_FILENO, replay_line, std::strlen(replay_line)));
}

void die_with_replay_line(int number) {
    write_replay_line();
    std::signal(number, SIG_DFL);
    std::raise(number);
}

void tell_also_when_the_process_dies() {
    std::signal(SIGABRT, &die_with_replay_line);
    std::signal(SIGALRM, &die_with_replay_line);
#if defined(MIOCO_ASAN) || defined(MIOCO_TSAN)
    __sanitizer_set_death_callback(&write_replay_line);
#else
    std::signal(SIGSEGV, &die_with_replay_line);
#endif
}

// With what ctest's -R takes for special made plain.
std::string expression_of(const std::string& name) {
    std::string made;
    for (const char c : name) {
        if (std::strchr(".[]*+?()|^$\\", c) != nullptr) made += '\\';
        made += c;
    }
    return made;
}

const char* build_folder() {
    const char* const folder = std::getenv("MIOCO_BUILD_DIR");
    return folder != nullptr ? folder : "build/release";
}

void prepare_replay_line(std::uint64_t seed, const std::string& test) {
    const std::string name = expression_of(test);
    std::snprintf(replay_line, sizeof replay_line,
                  "simulation: seed %llu fails\n"
                  "  again: MIOCO_SEED=%llu ctest --test-dir %s -R '^%s$' --output-on-failure\n"
                  "  with MIOCO_SIM_TRACE=1 it tells what happens\n",
                  static_cast<unsigned long long>(seed), static_cast<unsigned long long>(seed),
                  build_folder(), name.c_str());
}

// In place of GoogleTest's own, which would tell of each run.
class teller final : public testing::EmptyTestEventListener {
public:
    explicit teller(std::string_view name) : name_(name) {}

    std::uint64_t seed = 0;
    bool has_skipped = false;

private:
    void OnTestStart(const testing::TestInfo& test) override {
        prepare_replay_line(
            seed, "simulated/" + name_ + '/' + test.test_suite_name() + '.' + test.name());
    }
    void OnTestPartResult(const testing::TestPartResult& part) override {
        if (part.passed()) return;
        has_skipped = has_skipped || part.skipped();
        std::printf("%s:%d: %s\n%s\n", part.file_name() != nullptr ? part.file_name() : "nowhere",
                    part.line_number(), part.skipped() ? "Skipped" : "Failure", part.message());
        std::fflush(stdout);
    }

    const std::string name_;
};

std::optional<std::uint64_t> number_in(const char* variable) {
    const char* const text = std::getenv(variable);
    if (text == nullptr || *text == '\0') return std::nullopt;
    std::uint64_t number = 0;
    const char* const end = text + std::strlen(text);
    const auto [rest, failure] = std::from_chars(text, end, number);
    if (failure == std::errc() && rest == end) return number;
    throw std::invalid_argument(std::string(variable) + " = \"" + text + "\" is no number");
}

// Where a program has no fiber to be: a test begins, as elsewhere, in a plain thread.
mioco::sim::report run_seed(std::uint64_t seed, bool calm) {
    const scoped_environment migration("MIOCO_MIGRATE", migrates_with(seed) ? "always" : nullptr);
    mioco::sim::report about;
    const bool passed = mioco::sim::run(
        world_of(seed, calm), [] { return mioco::offload([] { return RUN_ALL_TESTS() == 0; }); },
        &about);
    if (!passed) throw std::runtime_error("a test failed");
    return about;
}

double cpu_s() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class seeds {
public:
    seeds(teller& tells, bool calm) : tells_(tells), calm_(calm) {}

    void run_usual() { run(0, usual_seeds, usual_budget_s); }

    void run(std::uint64_t first, std::uint64_t count,
             double budget_s = std::numeric_limits<double>::infinity()) {
        std::uint64_t done = 0;
        for (; done < count && cpu_s() < budget_s; ++done) {
            const mioco::sim::report about = run_one(first + done);
            if (done == 0) first_ = about;
            if (tells_.has_skipped) return static_cast<void>(std::puts("[  SKIPPED ]"));
        }
        if (run_one(first).hash != first_.hash)
            throw std::runtime_error("the same seed went another way: something in it is real");
        std::printf("%llu seeds; of the first: %llu events, %.6f s\n",
                    static_cast<unsigned long long>(done),
                    static_cast<unsigned long long>(first_.events),
                    std::chrono::duration<double>(first_.passed).count());
    }

private:
    mioco::sim::report run_one(std::uint64_t seed) {
        tells_.seed = seed;
        alarm(limit_of_a_seed_s);
        return run_seed(seed, calm_);
    }

    teller& tells_;
    const bool calm_;
    mioco::sim::report first_;
};

}  // namespace

int run_simulated(std::string_view name, bool calm) {
    tell_also_when_the_process_dies();
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    auto* const tells = new teller(name);
    listeners.Append(tells);
    try {
        seeds all(*tells, calm);
        if (const auto only = number_in("MIOCO_SEED")) {
            all.run(*only, 1);
        } else if (const auto count = number_in("MIOCO_SEEDS")) {
            all.run(0, *count);
        } else {
            all.run_usual();
        }
        return 0;
    } catch (const std::exception& e) {
        std::printf("%s\n", e.what());
    }
    std::fflush(stdout);
    write_replay_line();
    return 1;
}

}  // namespace mioco_test
