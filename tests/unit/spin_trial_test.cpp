// SPDX-License-Identifier: MPL-2.0
#include "sched/spin_trial.hpp"

#include <cstdint>

#include <gtest/gtest.h>

namespace {

using mioco::detail::nanoseconds_t;
using mioco::detail::spin_trial;

constexpr nanoseconds_t longest_ns = 50'000;
constexpr int first_sleeps = 256;  // until it tries

// A worker whose waits end after so long, and whose fibers' turns take so much of the processor's time with the one and the other.
struct simulated_worker {
    nanoseconds_t wait_ns = 60'000;
    nanoseconds_t turn_after_sleep_ns = 30'000;
    nanoseconds_t turn_after_spin_ns = 20'000;
    nanoseconds_t round_with_sleep_ns = 80'000;
    nanoseconds_t round_with_spin_ns = 80'000;
    int finds_every = 1;  // 0: never
    spin_trial trial = spin_trial(longest_ns);
    spin_trial::account used = {};
    int sleeps = 0;
    int spins = 0;

    void wait_once() {
        bool due = false;
        if (trial.allowance_ns() > 0) {
            ++spins;
            used.cpu_ns += turn_after_spin_ns;
            used.time_ns += round_with_spin_ns;
            due = trial.count_spin(finds_every != 0 && spins % finds_every == 0);
        } else {
            ++sleeps;
            used.cpu_ns += turn_after_sleep_ns;
            used.time_ns += round_with_sleep_ns;
            due = trial.count_sleep(wait_ns, true);
        }
        ++used.turns;
        if (due) trial.judge(used);
    }
    void sleep_long(nanoseconds_t for_ns) {
        used.time_ns += for_ns;
        static_cast<void>(trial.count_sleep(for_ns / 2, false));
        static_cast<void>(trial.count_sleep(for_ns / 2, true));
    }
    void wait_times(int count) {
        for (int i = 0; i < count; ++i) wait_once();
    }
};

TEST(spin_trial, begins_after_short_sleeps_and_goes_on_where_it_pays) {
    simulated_worker worker;
    worker.wait_times(first_sleeps - 1);
    EXPECT_EQ(worker.spins, 0);
    worker.wait_times(10'000);
    EXPECT_EQ(worker.sleeps, first_sleeps);
    EXPECT_EQ(worker.trial.allowance_ns(), longest_ns);
}

TEST(spin_trial, sleeps_now_and_then_to_see_what_that_takes) {
    simulated_worker worker;
    worker.wait_times(1'000'000);
    EXPECT_GT(worker.sleeps, first_sleeps);
    EXPECT_LT(worker.sleeps, 1'000'000 / 500);
    worker.turn_after_sleep_ns = 10'000;
    worker.wait_times(300'000);
    EXPECT_EQ(worker.trial.allowance_ns(), 0) << "sleeps have become cheap";
}

TEST(spin_trial, may_cost_a_quarter_more_where_it_saves_a_third_of_the_time) {
    simulated_worker worker{
        .turn_after_sleep_ns = 20'000, .turn_after_spin_ns = 24'000, .round_with_spin_ns = 50'000};
    worker.wait_times(10'000);
    EXPECT_EQ(worker.sleeps, first_sleeps);
    worker.round_with_spin_ns = 60'000;
    worker.wait_times(1000);
    EXPECT_GT(worker.sleeps, first_sleeps);
}

TEST(spin_trial, may_never_cost_more_than_a_quarter_more) {
    simulated_worker worker{
        .turn_after_sleep_ns = 20'000, .turn_after_spin_ns = 26'000, .round_with_spin_ns = 1000};
    worker.wait_times(10'000);
    EXPECT_GT(worker.sleeps, 5'000);
}

TEST(spin_trial, that_makes_things_later_is_given_up_however_cheap) {
    simulated_worker worker{.turn_after_spin_ns = 1000, .round_with_spin_ns = 800'000};
    worker.wait_times(10'000);
    EXPECT_GT(worker.sleeps, 5'000) << "another program has the processor meanwhile";
}

TEST(spin_trial, is_not_judged_by_what_was_done_between) {
    simulated_worker worker{.turn_after_sleep_ns = 20'000, .turn_after_spin_ns = 21'000};
    worker.wait_times(first_sleeps - 10);
    worker.used.cpu_ns += 1'000'000'000;
    worker.used.time_ns += 1'000'000'000;
    worker.trial.begin_window(worker.used);
    worker.wait_times(10'000);
    EXPECT_GT(worker.sleeps, 5'000);
    worker.used.cpu_ns = 0;
    worker.trial.begin_window(worker.used);
    worker.turn_after_spin_ns = 15'000;
    worker.wait_times(20'000);
    EXPECT_EQ(worker.trial.allowance_ns(), longest_ns)
        << "goes on by a thread that had done nothing";
}

TEST(spin_trial, is_not_judged_by_a_sleep_before_its_window) {
    simulated_worker worker;
    worker.wait_times(first_sleeps - 1);
    static_cast<void>(worker.trial.count_sleep(10'000'000'000, false));
    worker.used.time_ns += 10'000'000'000;
    worker.trial.begin_window(worker.used);
    worker.trial.begin_wait();
    worker.wait_times(first_sleeps);
    const int sleeps_before = worker.sleeps;
    worker.wait_times(10'000);
    EXPECT_EQ(worker.trial.allowance_ns(), longest_ns);
    EXPECT_EQ(worker.sleeps, sleeps_before) << "the first try was given up";
}

TEST(spin_trial, takes_no_long_sleep_for_a_turn_that_spins_would_shorten) {
    simulated_worker worker{.turn_after_sleep_ns = 20'000, .turn_after_spin_ns = 24'000};
    for (int i = 0; i < 200; ++i) {
        worker.wait_times(50);
        worker.sleep_long(1'000'000'000);
    }
    EXPECT_GT(worker.spins, 0);
    EXPECT_GT(worker.sleeps, 5'000);
}

TEST(spin_trial, that_is_mostly_in_vain_is_given_up_however_cheap) {
    simulated_worker worker{.turn_after_spin_ns = 1000, .finds_every = 4};
    worker.wait_times(10'000);
    EXPECT_GT(worker.sleeps, 5'000);
}

TEST(spin_trial, that_costs_more_is_given_up_and_becomes_rare) {
    simulated_worker worker{.turn_after_sleep_ns = 20'000, .turn_after_spin_ns = 21'000};
    worker.wait_times(20'000);
    EXPECT_GT(worker.spins, 0);
    const int spins_before = worker.spins;
    worker.wait_times(100'000);
    EXPECT_LT(worker.spins - spins_before, 100'000 / 12);
    EXPECT_EQ(worker.sleeps + worker.spins, 120'000);
}

TEST(spin_trial, in_vain_ends_sooner) {
    simulated_worker worker{.turn_after_spin_ns = 80'000, .finds_every = 0};
    worker.wait_times(10'000);
    EXPECT_GT(worker.spins, 0);
    EXPECT_LT(worker.spins, 10'000 / 20);
}

TEST(spin_trial, never_begins_where_sleeps_are_long) {
    simulated_worker worker{.wait_ns = 2 * longest_ns + 1};
    worker.wait_times(10'000);
    EXPECT_EQ(worker.spins, 0);
    worker.wait_ns = longest_ns;
    worker.wait_times(first_sleeps - 1);
    worker.wait_ns = 1'000'000;
    worker.wait_times(first_sleeps / 3);
    worker.wait_ns = longest_ns;
    worker.wait_times(first_sleeps - 1);
    EXPECT_EQ(worker.spins, 0) << "most were short, but too many were not";
}

TEST(spin_trial, takes_sleeps_that_find_nothing_for_parts_of_one) {
    simulated_worker worker;
    for (int i = 0; i < 10'000; ++i) {
        for (int part = 0; part < 3; ++part) {
            worker.used.time_ns += longest_ns;
            EXPECT_FALSE(worker.trial.count_sleep(longest_ns, false));
        }
        worker.wait_once();
    }
    EXPECT_EQ(worker.spins, 0);
}

TEST(spin_trial, without_a_length_never_begins) {
    simulated_worker worker{.trial = spin_trial(0)};
    worker.wait_ns = 0;
    worker.wait_times(10'000);
    EXPECT_EQ(worker.spins, 0);
}

}  // namespace
