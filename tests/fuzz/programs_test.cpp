// SPDX-License-Identifier: MPL-2.0
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "fuzz/run.hpp"
#include "support/sizes.hpp"

// Programs that were made up, each run in a simulation and checked by what is known of it. With MIOCO_SEED that one alone, and what it
// does is told; MIOCO_SEEDS is how many, from MIOCO_FIRST_SEED on.

namespace {

using mioco_fuzz::program;
using mioco_fuzz::theme;

std::optional<std::uint64_t> number_of(const char* variable) {
    const char* const text = std::getenv(variable);
    if (text == nullptr || *text == '\0') return std::nullopt;
    return std::stoull(text);
}

void explain(const program& failing, const std::string& what) {
    const std::string name =
        std::string(testing::UnitTest::GetInstance()->current_test_info()->test_suite_name()) +
        "." + testing::UnitTest::GetInstance()->current_test_info()->name();
    const program smaller = mioco_fuzz::minimise(failing);
    ADD_FAILURE() << what << "\nagain: MIOCO_SEED=" << failing.settings.seed
                  << " build/release/tests/fuzz/programs_test --gtest_filter=" << name << "\n"
                  << to_text(failing) << "\na smaller one: " << mioco_fuzz::run(smaller) << "\n"
                  << to_text(smaller);
}

void explore(theme about, std::uint64_t default_first) {
    const auto only = number_of("MIOCO_SEED");
    const std::uint64_t first =
        only.value_or(number_of("MIOCO_FIRST_SEED").value_or(default_first));
    const std::uint64_t count =
        only ? 1 : number_of("MIOCO_SEEDS").value_or(here(mioco_test::made_up_programs));
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const program made = mioco_fuzz::generate(seed, about);
        const std::string what = mioco_fuzz::run(made, only.has_value());
        if (!what.empty()) return explain(made, what);
    }
}

TEST(programs, of_channels) { explore(theme::channels, 0); }
TEST(programs, of_more_channels) { explore(theme::channels, 1'000'000); }
TEST(programs, of_selects) { explore(theme::select, 0); }
TEST(programs, of_more_selects) { explore(theme::select, 1'000'000); }
TEST(programs, of_locks) { explore(theme::locks, 0); }
TEST(programs, of_more_locks) { explore(theme::locks, 1'000'000); }
TEST(programs, of_streams) { explore(theme::network, 0); }
TEST(programs, of_lifetimes) { explore(theme::lifetimes, 0); }
TEST(programs, of_interruptions) { explore(theme::interruptions, 0); }
TEST(programs, of_everything) { explore(theme::mixed, 0); }
TEST(programs, of_everything_more) { explore(theme::mixed, 1'000'000); }

TEST(programs, are_the_same_for_the_same_seed) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto text_of = [&] { return to_text(mioco_fuzz::generate(seed, theme::mixed)); };
        EXPECT_EQ(text_of(), text_of());
    }
}

}  // namespace
