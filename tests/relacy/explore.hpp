// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/assert.hpp"
#include "relacy/order_comments.hpp"
#include "relacy/relacy_sync.hpp"
#include "support/source_text.hpp"

// Runs scenarios under Relacy, and weakens the orders of the text under test one after the other. docs/model-checking.md explains it.

namespace mioco::relacy {

/// How much of a scenario is walked: all executions with so many preemptions, where a load may give the value before the latest one; then
/// so many random ones, where it may also give the one before that.
struct bounds {
    unsigned preemptions = 3;
    std::uint64_t random_executions = 20'000;
};

inline std::uint64_t executions = 0;

/// What a scenario derives from: its threads are `thread(number)`; `before` and `after` run alone.
template <class Self, int Threads = 2>
struct scenario : rl::test_suite<Self, Threads> {
    static constexpr bounds limits{};
    // More than that fails the test: it is too large to be a test.
    static constexpr std::uint64_t most_executions = 2'000'000;
    static constexpr int threads = Threads;

    scenario() {
        spin::begin_scenario();
        if (++executions > most_executions)
            rl::ctx().fail_test("too large", rl::test_result_inconsistent_test_suite, {});
    }
};

inline void check(bool holds, const char* expected, location at = location::current()) {
    if (!holds) rl::ctx().fail_test(expected, rl::test_result_user_assert_failed, info_of(at));
}

/// Lets others run until `ready` holds. In vain: Relacy calls that a livelock.
template <class Ready>
void wait_until(Ready ready, location at = location::current()) {
    while (!ready()) rl::yield(1, info_of(at));
}

inline rl::test_params params_of(const bounds& limits, rl::scheduler_type_e search,
                                 std::ostream& told) {
    rl::test_params params;
    params.output_stream = &told;
    params.progress_stream = &told;
    params.search_type = search;
    params.context_bound = limits.preemptions;
    params.iteration_count = limits.random_executions;
    return params;
}

template <class Scenario, template <rl::thread_id_t> class Scheduler>
rl::test_result_e walk(rl::scheduler_type_e search) {
    std::ostream nowhere(nullptr);
    rl::test_params params = params_of(Scenario::limits, search, nowhere);
    rl::ostringstream state;
    return rl::run_test<Scenario, Scheduler<Scenario::threads>>(params, state, false);
}

/// The first thing that goes wrong, or success.
template <class Scenario>
rl::test_result_e explore() {
    executions = 0;
    const auto found = walk<Scenario, rl::context_bound_scheduler>(rl::sched_bound);
    if (found != rl::test_result_success || Scenario::limits.random_executions == 0) return found;
    return walk<Scenario, rl::random_scheduler>(rl::sched_random);
}

constexpr std::size_t longest_report = 20'000;

/// The execution that goes wrong, in Relacy's words.
template <class Scenario>
std::string report() {
    for (const rl::scheduler_type_e search : {rl::sched_bound, rl::sched_random}) {
        rl::ostringstream told;
        rl::test_params params = params_of(Scenario::limits, search, told);
        executions = 0;
        if (rl::simulate<Scenario>(params)) continue;
        // After the whole comes each thread's part.
        const std::string text(told.str().c_str());
        return text.substr(0, std::min(text.find("\nthread 0:"), longest_report));
    }
    return "(it went wrong before, but not again)";
}

/// Scenarios over one text.
template <class... Scenarios>
class text_under_test {
public:
    explicit text_under_test(const char* file) { sites.begin(file); }

    /// As it is written nothing goes wrong.
    void expect_holds() {
        unsigned number = 0;
        (expect_holds<Scenarios>(number++), ...);
    }

    /// Each of its orders is met, and is needed or has a comment that says why not. After the above, which finds them.
    void expect_needs_its_orders() {
        ASSERT_NE(sites.path(), nullptr) << "the text under test is not there";
        const mioco_test::source_text text(sites.path());
        ASSERT_FALSE(text.empty()) << "no source to look at: " << sites.path();
        ASSERT_FALSE(sites.is_full());
        // A copy, as weakened scenarios go other ways.
        const std::vector<order_site> met(sites.all().begin(), sites.all().end());
        std::size_t written = 0;
        for (const order_site& each : met) written += each.where != position::unwritten ? 1U : 0U;
        EXPECT_EQ(written, count_of_orders(text))
            << "an order of the text is met by no scenario, or two look like one:\n"
            << list_of(met);
        for (std::size_t i = 0; i < met.size(); ++i) {
            tried_.clear();
            weaken(i, met[i], met[i].order, text);
        }
        std::printf("%zu orders: %zu weaker ones are caught, %zu have a comment\n", met.size(),
                    caught_, excused_);
    }

private:
    template <class Scenario>
    void expect_holds(unsigned number) {
        sites.begin_scenario(number);
        const rl::test_result_e found = explore<Scenario>();
        const std::uint64_t walked = executions;
        EXPECT_EQ(found, rl::test_result_success) << report<Scenario>();
        std::printf("scenario %u: %llu executions\n", number,
                    static_cast<unsigned long long>(walked));
    }

    void weaken(std::size_t number, const order_site& site, std::memory_order from,
                const mioco_test::source_text& text) {
        for (const weakening& each : weakenings(site, from)) {
            if (each.lost == std::memory_order_relaxed || !tried_.insert(each.left).second)
                continue;
            sites.weaken(number, each.left);
            const rl::test_result_e found = first_failure(site);
            sites.weaken_none();
            const bool is_caught = found != rl::test_result_success;
            const bool is_excused = excuses(text, site, each.lost);
            ++(is_caught ? caught_ : excused_);
            std::printf("%s without %s: %s\n", told(site).c_str(), name_of(each.lost),
                        is_caught ? rl::test_result_str(found) : "not caught");
            EXPECT_NE(found, rl::test_result_inconsistent_test_suite) << "too large";
            EXPECT_FALSE(is_caught && is_excused)
                << told(site) << ": needs " << name_of(each.lost)
                << ", whatever its comment says: " << rl::test_result_str(found);
            EXPECT_TRUE(is_caught || is_excused)
                << told(site) << ": no scenario fails with " << name_of(each.left)
                << ", and no comment says why: needs no " << name_of(each.lost);
            if (is_excused && !is_caught) weaken(number, site, each.left, text);
        }
    }

    rl::test_result_e first_failure(const order_site& site) {
        rl::test_result_e found = rl::test_result_success;
        unsigned number = 0;
        (try_one<Scenarios>(site, number++, found), ...);
        return found;
    }
    template <class Scenario>
    static void try_one(const order_site& site, unsigned number, rl::test_result_e& found) {
        if (found != rl::test_result_success || (site.scenarios >> number & 1) == 0) return;
        sites.begin_scenario(number);
        found = explore<Scenario>();
    }

    static std::string told(const order_site& site) {
        const char* const where = site.where == position::on_failure ? " (on failure)" : "";
        return std::string(sites.path()) + ":" + std::to_string(site.line) + ":" +
               std::to_string(site.column) + ": " + name_of(site.order) + where;
    }
    static std::string list_of(const std::vector<order_site>& met) {
        std::string list;
        for (const order_site& each : met) list += told(each) + "\n";
        return list;
    }

    std::set<std::memory_order> tried_;  // at one place: two ways lead to relaxed
    std::size_t caught_ = 0;
    std::size_t excused_ = 0;
};

/// For a test's only case. `file`: the end of the path of the text under test.
template <class... Scenarios>
void expect_orders_suffice_and_are_needed(const char* file) {
    text_under_test<Scenarios...> test(file);
    test.expect_holds();
    if (!testing::Test::HasFailure()) test.expect_needs_its_orders();
}

}  // namespace mioco::relacy

/// In place of the library's, which ends the program.
void mioco::detail::assertion_failed(const char* condition, const char* expected, const char* file,
                                     int line) noexcept {
    if (rl::is_ctx())
        rl::ctx().fail_test(expected, rl::test_result_user_assert_failed,
                            {condition, file, static_cast<unsigned>(line)});
    std::fprintf(stderr, "%s (%s:%d)\n", expected, file, line);
    std::abort();
}
