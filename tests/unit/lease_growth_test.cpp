// SPDX-License-Identifier: MPL-2.0
#include "io/lease_growth.hpp"

#include <cstddef>
#include <list>
#include <vector>

#include <gtest/gtest.h>

#include "io/lease_buffer.hpp"
#include "io/lease_cache.hpp"

namespace {

using mioco::detail::allocate_large_lease;
using mioco::detail::allocate_lease;
using mioco::detail::free_lease;
using mioco::detail::lease_bytes_of;
using mioco::detail::lease_cache;
using mioco::detail::lease_growth;
using mioco::detail::lease_level_of;
using mioco::net::leased_bytes;

bool note_full(lease_growth& leases) {
    const std::size_t room = lease_bytes_of(leases.level());
    return leases.note(room, room);
}

bool note_small(lease_growth& leases, unsigned times) {
    bool are_large = leases.level() > 0;
    for (unsigned i = 0; i < times; ++i) are_large = leases.note(1, lease_bytes_of(leases.level()));
    return are_large;
}

TEST(lease_growth, begins_with_a_large_one_and_is_at_the_usual_size_from_the_first_small_read_on) {
    lease_growth leases;
    EXPECT_EQ(lease_bytes_of(leases.level()), 4 * leased_bytes::usual_bytes);
    EXPECT_FALSE(note_small(leases, 1));
    EXPECT_EQ(lease_bytes_of(leases.level()), leased_bytes::usual_bytes);
    EXPECT_FALSE(note_small(leases, 1000));
    EXPECT_EQ(leases.level(), 0U);
}

TEST(lease_growth, a_first_read_that_needed_the_large_one_keeps_it) {
    lease_growth leases;
    EXPECT_TRUE(leases.note(leased_bytes::usual_bytes + 1, lease_bytes_of(leases.level())));
    EXPECT_EQ(leases.level(), 1U);
    EXPECT_TRUE(note_small(leases, lease_growth::small_reads_that_shrink - 1));
    EXPECT_FALSE(note_small(leases, 1));
}

TEST(lease_growth, grows_with_each_read_that_fills_a_lease_up_to_its_capacity) {
    lease_growth leases;
    note_small(leases, 1);
    EXPECT_TRUE(note_full(leases));
    EXPECT_EQ(lease_bytes_of(leases.level()), 4 * leased_bytes::usual_bytes);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(note_full(leases));
    EXPECT_EQ(lease_bytes_of(leases.level()), leased_bytes::capacity_bytes);
}

TEST(lease_growth, shrinks_after_many_small_reads_in_a_row) {
    lease_growth leases;
    note_full(leases);
    note_full(leases);
    ASSERT_EQ(leases.level(), 2U);
    EXPECT_TRUE(note_small(leases, lease_growth::small_reads_that_shrink - 1));
    EXPECT_EQ(leases.level(), 2U);
    EXPECT_TRUE(note_small(leases, 1));
    EXPECT_EQ(leases.level(), 1U);
    EXPECT_FALSE(note_small(leases, lease_growth::small_reads_that_shrink));
    EXPECT_EQ(leases.level(), 0U);
}

TEST(lease_growth, a_read_that_would_have_filled_less_begins_the_row_anew) {
    lease_growth leases;
    note_full(leases);
    note_full(leases);
    for (int i = 0; i < 3; ++i) {
        note_small(leases, lease_growth::small_reads_that_shrink - 1);
        leases.note(lease_bytes_of(1), lease_bytes_of(2));
    }
    EXPECT_EQ(leases.level(), 2U);
}

TEST(lease_growth, is_forgotten_by_a_reset) {
    lease_growth leases;
    note_full(leases);
    note_small(leases, 3);
    leases.reset();
    EXPECT_EQ(leases.level(), 1U);
    EXPECT_FALSE(note_small(leases, 1));
    note_full(leases);
    EXPECT_TRUE(note_small(leases, lease_growth::small_reads_that_shrink - 1));
}

TEST(lease_buffer, knows_its_size) {
    for (std::byte* const each :
         {allocate_lease(), allocate_large_lease(1), allocate_large_lease(2)}) {
        ASSERT_NE(each, nullptr);
        const std::size_t size = lease_bytes_of(lease_level_of(each));
        each[0] = each[size - 1] = std::byte{1};
        free_lease(each);
    }
}

TEST(lease_buffer, large_ones_are_bounded_and_usual_ones_are_not) {
    constexpr std::size_t more_than_there_may_be = 10'000;
    std::vector<std::byte*> all;
    while (all.size() < more_than_there_may_be) {
        std::byte* const next = allocate_large_lease(2);
        if (next == nullptr) break;
        all.push_back(next);
    }
    EXPECT_GT(all.size(), 1U);
    EXPECT_LT(all.size(), more_than_there_may_be);
    free_lease(allocate_lease());
    EXPECT_EQ(allocate_large_lease(2), nullptr);
    free_lease(all.back());
    all.back() = allocate_large_lease(2);
    EXPECT_NE(all.back(), nullptr);
    for (std::byte* const each : all) free_lease(each);
}

void give(lease_cache& cache, std::byte* buffer) {
    if (!cache.keep(buffer)) free_lease(buffer);
}

TEST(lease_cache, of_many_workers_do_not_keep_all_that_there_may_be) {
    std::list<lease_cache> caches;
    for (int i = 0; i < 64; ++i) {
        lease_cache& next = caches.emplace_back();
        std::vector<std::byte*> lent;
        for (int j = 0; j < 4; ++j) {
            std::byte* const each = allocate_large_lease(2);
            ASSERT_NE(each, nullptr) << "none is lent, but workers keep all";
            lent.push_back(each);
        }
        for (std::byte* const each : lent) give(next, each);
    }
}

TEST(lease_cache, keeps_the_sizes_that_come_back_now) {
    lease_cache cache;
    for (const unsigned level : {1U, 2U, 1U}) {
        std::vector<std::byte*> lent;
        for (int i = 0; i < 6; ++i) lent.push_back(allocate_large_lease(level));
        for (std::byte* const each : lent) give(cache, each);
        std::byte* const kept = cache.take_large(level);
        ASSERT_NE(kept, nullptr) << level;
        EXPECT_EQ(lease_level_of(kept), level);
        free_lease(kept);
    }
}

}  // namespace
