// SPDX-License-Identifier: MPL-2.0
#include "histogram.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace {

using mioco::load::histogram;
using std::chrono::nanoseconds;

constexpr auto longest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

TEST(histogram, slots_are_contiguous_and_hold_what_falls_into_them) {
    std::uint64_t next = 0;
    std::size_t slot = 0;
    while (next <= longest) {
        ASSERT_EQ(histogram::slot_of(next), slot);
        const std::uint64_t end = histogram::slot_end(slot);
        ASSERT_EQ(histogram::slot_of(end), slot);
        ASSERT_LE(end - next, next / 64) << "slot " << slot << " is too wide";
        next = end + 1;
        ++slot;
    }
}

TEST(histogram, without_values_all_is_zero) {
    const histogram empty;
    EXPECT_EQ(empty.count(), 0U);
    EXPECT_EQ(empty.max(), nanoseconds(0));
    EXPECT_EQ(empty.percentile(990), nanoseconds(0));
}

TEST(histogram, small_values_are_exact) {
    histogram h;
    for (int i = 1; i <= 50; ++i) h.record(nanoseconds(i));
    EXPECT_EQ(h.percentile(500), nanoseconds(25));
    EXPECT_EQ(h.percentile(980), nanoseconds(49));
    EXPECT_EQ(h.percentile(981), nanoseconds(50));
    EXPECT_EQ(h.percentile(1000), nanoseconds(50));
}

TEST(histogram, one_slow_request_of_a_thousand_shows_beyond_p99_9) {
    histogram h;
    h.record(nanoseconds(40), 999);
    h.record(nanoseconds(1'000'003));
    EXPECT_EQ(h.percentile(999), nanoseconds(40));
    EXPECT_EQ(h.percentile(1000), nanoseconds(1'000'003))
        << "no more than the maximum, which is exact";
    EXPECT_EQ(h.count(), 1000U);
}

TEST(histogram, percentiles_of_random_latencies_are_within_a_64th) {
    std::mt19937_64 random(7);
    std::lognormal_distribution<double> distribution(11, 2);
    std::vector<std::int64_t> values(100'000);
    histogram h;
    for (auto& value : values) {
        value = static_cast<std::int64_t>(distribution(random));
        h.record(nanoseconds(value));
    }
    std::ranges::sort(values);
    for (const unsigned per_mille : {1U, 500U, 900U, 990U, 999U, 1000U}) {
        const auto exact = values[values.size() * per_mille / 1000 - 1];
        const auto told = h.percentile(per_mille).count();
        EXPECT_GE(told, exact) << per_mille;
        EXPECT_LE(told, exact + exact / 64) << per_mille;
    }
    EXPECT_EQ(h.max().count(), values.back());
}

TEST(histogram, takes_the_shortest_and_the_longest_times) {
    histogram h;
    h.record(nanoseconds(-5));
    h.record(nanoseconds::max());
    EXPECT_EQ(h.percentile(500), nanoseconds(0));
    EXPECT_EQ(h.percentile(1000), nanoseconds::max());
}

TEST(histogram, merging_adds) {
    histogram a;
    histogram b;
    a.record(nanoseconds(10), 3);
    b.record(nanoseconds(10), 4);
    b.record(nanoseconds(60));
    a.merge(b);
    EXPECT_EQ(a.count(), 8U);
    EXPECT_EQ(a.max(), nanoseconds(60));
    EXPECT_EQ(a.percentile(875), nanoseconds(10));
    EXPECT_EQ(a.percentile(876), nanoseconds(60));
}

TEST(histogram, threads_record_at_once) {
    constexpr int each = 20'000;
    histogram h;
    std::vector<std::thread> threads;
    for (int t = 1; t <= 4; ++t) {
        threads.emplace_back([&h, t] {
            for (int i = 0; i < each; ++i) h.record(nanoseconds(i % 10 * t));
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(h.count(), 4U * each);
    EXPECT_EQ(h.max(), nanoseconds(36));
}

}  // namespace
