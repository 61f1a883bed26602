// SPDX-License-Identifier: MPL-2.0
#include "sched/shared_fibers.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "sched/run_queue.hpp"
#include "support/process.hpp"

namespace {

using mioco::detail::fiber;
using mioco::detail::nanoseconds_t;
using mioco::detail::ready_list;
using mioco::detail::shared_fibers;

// Fibers without a runtime, known by their numbers.
class shared : public ::testing::Test {
protected:
    ready_list made(std::uint32_t first, std::uint32_t count) {
        ready_list list;
        for (std::uint32_t i = 0; i < count; ++i) list.push(fibers_.emplace_back(first + i));
        return list;
    }
    void push(std::uint32_t first, std::uint32_t count) {
        ready_list list = made(first, count);
        all.push(list);
        EXPECT_TRUE(list.empty());
    }
    void push_unstarted(std::uint32_t first, std::uint32_t count, nanoseconds_t now = 0) {
        ready_list list = made(first, count);
        all.push_unstarted({&list, 1}, now);
        EXPECT_TRUE(list.empty());
    }
    static std::vector<std::uint32_t> numbers(ready_list list) {
        std::vector<std::uint32_t> found;
        while (const fiber* const f = list.pop()) found.push_back(f->index);
        return found;
    }
    std::vector<std::uint32_t> any() { return numbers(all.take_any(workers)); }
    std::vector<std::uint32_t> some() {
        return numbers(all.take_some(workers, shared_fibers::most_taken));
    }

    static constexpr unsigned workers = 1;
    static constexpr nanoseconds_t long_ns = 10'000'000'000;
    using in = std::vector<std::uint32_t>;
    shared_fibers all;

private:
    std::deque<fiber> fibers_;
};

TEST_F(shared, have_nothing_at_first) {
    EXPECT_TRUE(all.empty());
    EXPECT_EQ(any(), in());
    EXPECT_EQ(some(), in());
}

TEST_F(shared, come_in_order) {
    push(0, 2);
    push(2, 2);
    EXPECT_FALSE(all.empty());
    EXPECT_EQ(some(), in({0, 1, 2, 3}));
    EXPECT_TRUE(all.empty());
}

TEST_F(shared, that_have_not_started_come_newest_first_and_in_the_order_of_each_push) {
    push_unstarted(0, 2);
    push_unstarted(2, 2);
    EXPECT_EQ(some(), in()) << "are for who has nothing else";
    EXPECT_EQ(any(), in({2, 3}));
    EXPECT_EQ(any(), in({0, 1}));
    EXPECT_TRUE(all.empty());
}

TEST_F(shared, that_have_not_started_are_all_there_however_many_pushes_there_were) {
    constexpr std::uint32_t pushes = 700;
    for (std::uint32_t i = 0; i < pushes; ++i) push_unstarted(2 * i, 2);
    in rest = any();
    EXPECT_EQ(rest[0], 2 * (pushes - 1));
    for (in taken; !(taken = any()).empty();) rest.insert(rest.end(), taken.begin(), taken.end());
    std::ranges::sort(rest);
    EXPECT_EQ(rest.size(), 2 * pushes);
    EXPECT_TRUE(std::ranges::adjacent_find(rest) == rest.end());
    EXPECT_TRUE(all.empty());
    for (std::uint32_t i = 0; i < pushes; ++i) push_unstarted(i, 1, 0);
    all.age(long_ns);
    const in oldest = some();
    EXPECT_EQ(oldest.size(), shared_fibers::most_taken);
    for (std::uint32_t i = 0; i < oldest.size(); ++i) EXPECT_EQ(oldest[i], i);
}

TEST_F(shared, are_left_for_others_too) {
    push(0, 9);
    EXPECT_EQ(numbers(all.take_any(2)).size(), 5U);
    EXPECT_EQ(numbers(all.take_some(2, 100)).size(), 3U);
    EXPECT_EQ(numbers(all.take_some(1, 1)).size(), 1U);
    push(9, 1000);
    EXPECT_EQ(some().size(), shared_fibers::most_taken);
    push_unstarted(2000, 1000);
    EXPECT_EQ(any().size(), shared_fibers::most_taken);
}

TEST_F(shared, that_wait_in_order_have_their_turn_beside_newer_ones) {
    push(0, 1);
    int turn = 0;
    do {
        push_unstarted(100, 1);
        ASSERT_LT(++turn, 100);
    } while (any() != in({0}));
}

TEST_F(shared, that_have_not_started_for_long_wait_in_order) {
    push_unstarted(0, 2, 0);
    push_unstarted(2, 1, long_ns);
    all.age(1000);
    EXPECT_EQ(some(), in());
    all.age(long_ns);
    EXPECT_EQ(some(), in({0, 1, 2}));
    push_unstarted(3, 1, 2 * long_ns);
    all.age(2 * long_ns);
    EXPECT_EQ(some(), in()) << "has just come";
    all.age(3 * long_ns);
    EXPECT_EQ(some(), in({3}));
}

TEST_F(shared, that_have_not_started_for_long_are_not_all_overdue_at_once) {
    constexpr std::uint32_t count = 6400;
    constexpr std::uint32_t few = count / 32;
    for (std::uint32_t i = 0; i < count; i += 10) push_unstarted(i, 10);
    all.age(long_ns);
    in overdue;
    for (in taken; !(taken = some()).empty();)
        overdue.insert(overdue.end(), taken.begin(), taken.end());
    EXPECT_EQ(overdue.size(), few);
    for (std::uint32_t i = 0; i < overdue.size(); ++i) EXPECT_EQ(overdue[i], i);
    all.age(long_ns);
    EXPECT_EQ(some(), in()) << "the others stay for as long again";
    all.age(2 * long_ns);
    EXPECT_EQ(some()[0], few);
}

TEST_F(shared, that_have_not_started_have_their_turn_in_half_a_minute_though_newer_ones_come) {
    constexpr std::uint32_t count = 6400;
    for (std::uint32_t i = 0; i < count; i += 10) push_unstarted(i, 10);
    std::size_t left = count;
    for (nanoseconds_t seconds = 1; left > 0; ++seconds) {
        ASSERT_LE(seconds, 33);
        const nanoseconds_t now = seconds * 1'000'000'000;
        all.age(now);
        for (in taken; !(taken = some()).empty();) {
            left -= static_cast<std::size_t>(
                std::ranges::count_if(taken, [](std::uint32_t number) { return number < count; }));
            push_unstarted(count, static_cast<std::uint32_t>(taken.size()), now);
        }
    }
}

TEST_F(shared, that_have_not_started_for_many_looks_wait_in_order) {
    push_unstarted(0, 2);
    int looks = 0;
    in taken;
    do {
        all.age(0);
        ASSERT_LT(++looks, 100'000);
        taken = some();
    } while (taken.empty());
    EXPECT_EQ(taken, in({0, 1}));
    EXPECT_GT(looks, 10);
}

constexpr std::size_t children = 10;

// A tree of fibers without a runtime, each of which makes ten others until they are leaves, and ends after them.
class tree {
public:
    explicit tree(std::size_t leaves) { add(none, leaves); }

    /// One worker's walk: it takes what is shared whenever it has run all that it took, and each fiber takes it so long.
    std::size_t most_alive_where_one_takes(nanoseconds_t turn_ns) {
        constexpr std::size_t turns_a_look = 64;
        shared_fibers all;
        std::size_t turns = 0;
        const auto now = [&] { return static_cast<nanoseconds_t>(turns) * turn_ns; };
        push_made(all, now());
        while (!all.empty()) {
            for (ready_list taken = all.take_any(1); const fiber* const f = taken.pop();) {
                run(f->index);
                if (++turns % turns_a_look == 0) all.age(now());
                push_made(all, now());
            }
        }
        EXPECT_EQ(alive_, 0U);
        return most_alive_;
    }

private:
    static constexpr std::uint32_t none = UINT32_MAX;
    struct node {
        fiber self;
        std::uint32_t parent;
        std::size_t leaves;
        std::size_t open = 0;  // children that have not ended

        node(std::uint32_t number, std::uint32_t made_by, std::size_t below)
            : self(number), parent(made_by), leaves(below) {}
    };

    void add(std::uint32_t parent, std::size_t leaves) {
        const auto number = static_cast<std::uint32_t>(nodes_.size());
        made_.push(nodes_.emplace_back(number, parent, leaves).self);
        most_alive_ = std::max(most_alive_, ++alive_);
    }

    void push_made(shared_fibers& all, nanoseconds_t now) {
        if (!made_.empty()) all.push_unstarted({&made_, 1}, now);
    }

    void run(std::uint32_t number) {
        node& self = nodes_[number];
        if (self.leaves == 1) return end(number);
        self.open = children;
        for (std::size_t i = 0; i < children; ++i) add(number, self.leaves / children);
    }

    void end(std::uint32_t number) {
        do {
            --alive_;
            number = nodes_[number].parent;
        } while (number != none && --nodes_[number].open == 0);
    }

    std::deque<node> nodes_;
    ready_list made_;
    std::size_t alive_ = 0;
    std::size_t most_alive_ = 0;
};

// So long that the oldest are overdue many times, and would bring ever more along if they were not few.
TEST(shared_by_a_tree, are_few_though_it_is_walked_for_long) {
    constexpr std::size_t leaves = 100'000;
    constexpr nanoseconds_t turn_ns = 300'000;  // half a minute
    EXPECT_LT(tree(leaves).most_alive_where_one_takes(turn_ns), leaves / 10);
}

struct counts {
    std::atomic<std::size_t> alive{0};
    std::atomic<std::size_t> most{0};

    void spawned() {
        const std::size_t now = ++alive;
        std::size_t before = most;
        while (before < now && !most.compare_exchange_weak(before, now)) {
        }
    }
};

void grow(counts& c, std::size_t leaves) {
    if (leaves > 1) {
        std::array<mioco::join_handle<void>, children> nodes;
        for (auto& node : nodes) {
            c.spawned();
            node = mioco::spawn(grow, std::ref(c), leaves / children);
        }
        for (auto& node : nodes) node.join();
    }
    --c.alive;
}

std::size_t most_alive(unsigned workers, std::size_t leaves) {
    counts c;
    mioco::run(mioco::config{}.workers(workers), [&] {
        c.spawned();
        grow(c, leaves);
    });
    EXPECT_EQ(c.alive, 0U);
    return c.most;
}

TEST(tree_of_fibers, is_walked_along_its_branches) {
    constexpr std::size_t leaves = 10'000;
    EXPECT_LT(most_alive(1, leaves), leaves / 7) << "level by level it is a sixth";
}

// Where each fiber is sent to another worker at each turn, none keeps to a branch.
TEST(tree_of_fibers, is_walked_along_its_branches_by_two_workers) {
    const mioco_test::scoped_environment unset("MIOCO_MIGRATE", nullptr);
    constexpr std::size_t leaves = 100'000;
    EXPECT_LT(most_alive(2, leaves), leaves / 10) << "level by level it is a seventh";
}

// A worker that always has one ready, and room for others.
TEST(spawned, start_though_their_maker_never_waits) {
    // Some are pushed out, and then it is not full any more.
    constexpr std::size_t capacity = mioco::detail::basic_run_queue<fiber>::capacity;
    constexpr std::size_t burst = capacity + capacity / 4;
    mioco::run(mioco::config{}.workers(1), [] {
        std::size_t begun = 0;
        {
            const mioco::this_fiber::no_park together;
            for (std::size_t i = 0; i < burst; ++i) mioco::spawn([&] { ++begun; });
        }
        int turns = 0;
        while (begun < burst) {
            mioco::yield();
            ++turns;
        }
        EXPECT_LT(turns, 10'000) << "a second, or a quarter of a million of turns";
    });
}

TEST(spawned, start_beside_many_that_never_wait) {
    constexpr std::size_t capacity = mioco::detail::basic_run_queue<fiber>::capacity;
    constexpr std::size_t busy = capacity * 3 / 4;
    mioco::run(mioco::config{}.workers(1), [] {
        std::size_t begun = 0;
        std::size_t turns = 0;
        std::array<mioco::join_handle<void>, busy> others;
        for (auto& each : others) {
            each = mioco::spawn([&] {
                while (begun < capacity) {
                    mioco::yield();
                    ++turns;
                }
            });
        }
        {
            const mioco::this_fiber::no_park together;
            for (std::size_t i = 0; i < capacity; ++i) mioco::spawn([&] { ++begun; });
        }
        for (auto& each : others) each.join();
        EXPECT_LT(turns, 100'000U) << "a quarter of a million until some of them are overdue";
    });
}

// Each makes two more until the first one has run, or for ever.
void multiply(const std::atomic<bool>& first_has_run, std::atomic<std::size_t>& count) {
    constexpr std::size_t enough = 5'000'000;
    for (int i = 0; i < 2 && !first_has_run; ++i) {
        if (++count > enough) return;
        mioco::spawn(multiply, std::cref(first_has_run), std::ref(count));
    }
}

TEST(spawned_first, starts_though_others_spawn_without_end) {
    constexpr std::size_t burst = 2 * mioco::detail::basic_run_queue<fiber>::capacity;
    std::atomic<bool> has_run = false;
    std::atomic<std::size_t> count = 0;
    mioco::run(mioco::config{}.workers(1), [&] {
        mioco::spawn([&] { has_run = true; });
        // So many at once that the first of them are pushed out of the queue: the guard keeps their maker from giving way.
        const mioco::this_fiber::no_park together;
        for (std::size_t i = 0; i < burst; ++i)
            mioco::spawn(multiply, std::cref(has_run), std::ref(count));
    });
    EXPECT_TRUE(has_run);
    EXPECT_LT(count, 5'000'000U);
}

}  // namespace
