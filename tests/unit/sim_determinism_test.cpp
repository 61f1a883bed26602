// SPDX-License-Identifier: MPL-2.0
#include <cerrno>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cstdint>

#include "support/sim_bench.hpp"

// The same seed, the same run: told by the trace.

namespace {

using namespace std::chrono_literals;
using mioco_test::calm;
using mioco_test::calm_pair;
using mioco_test::sim_bench;
using mioco_test::watched_fd;

namespace sim = mioco_test::sim;

sim::settings rough(std::uint64_t seed) {
    auto wanted = calm_pair();
    wanted.seed = seed;
    wanted.faults.short_read = 0.2;
    wanted.faults.short_write = 0.2;
    wanted.faults.again = 0.1;
    wanted.faults.interrupted = 0.05;
    wanted.faults.lost = 0.1;
    wanted.faults.duplicated = 0.1;
    wanted.faults.reordered = 0.1;
    wanted.faults.spurious_event = 0.1;
    wanted.bytes_per_second = 1e8;
    return wanted;
}

// All kinds of descriptors at once, with what comes of chance deciding what is done next.
std::uint64_t run(const sim::settings& wanted) {
    sim_bench b(wanted);
    const auto [near, far] = b.pair_between_hosts();
    const auto [one, other] = b.unix_pair(SOCK_STREAM);
    const auto [out, in] = b.pipe();
    b.go_to("b");
    const int server = b.udp_at(53);
    b.go_to("a");
    const int client = b.udp();
    std::vector<std::unique_ptr<watched_fd>> all;
    for (const int fd : {near, far, one, other, out, in, server, client})
        all.push_back(std::make_unique<watched_fd>(b, fd));
    for (int i = 0; i < 300; ++i) {
        const std::string text(static_cast<std::size_t>(1 + i % 50),
                               static_cast<char>('a' + i % 26));
        b.send(near, text);
        b.send(one, text);
        b.write(in, text);
        b.send_to(client, text, b.at("b", 53));
        b.events->wait(100'000, 4, mioco::detail::poller::caller::owner);
        for (const int fd : {far, other, server}) b.try_take(fd);
        b.try_read(out);
        if (i == 100) b.in.partition("a", "b");
        if (i == 200) b.in.heal_all();
    }
    b.settle();
    return b.in.log().hash();
}

TEST(sim_determinism, the_same_seed_gives_the_same_run) {
    const std::uint64_t first = run(rough(7));
    // Blocks of memory that are somewhere else.
    std::vector<std::unique_ptr<char[]>> elsewhere;
    for (std::size_t i = 1; i < 1000; ++i) elsewhere.push_back(std::make_unique<char[]>(i));
    EXPECT_EQ(run(rough(7)), first);
    elsewhere.resize(300);
    EXPECT_EQ(run(rough(7)), first);
}

TEST(sim_determinism, other_seeds_give_other_runs) {
    std::set<std::uint64_t> hashes;
    for (std::uint64_t seed = 0; seed < 20; ++seed) hashes.insert(run(rough(seed)));
    EXPECT_EQ(hashes.size(), 20U);
}

TEST(sim_determinism, without_chance_the_seed_is_of_no_matter) {
    const auto run_of = [](std::uint64_t seed) {
        auto wanted = calm();
        wanted.seed = seed;
        sim_bench b(wanted);
        const auto [near, far] = b.unix_pair(SOCK_STREAM);
        b.send(near, "x");
        b.take(far);
        return b.in.log().hash();
    };
    EXPECT_EQ(run_of(1), run_of(2));
}

TEST(sim_determinism, a_trace_tells_of_calls_contents_and_time) {
    const auto run_of = [](std::string_view text, std::chrono::nanoseconds time) {
        sim_bench b;
        const auto [near, far] = b.unix_pair(SOCK_STREAM);
        b.pass(time);
        b.send(near, text);
        return b.in.log().hash();
    };
    const std::uint64_t plain = run_of("text", 1s);
    EXPECT_EQ(run_of("text", 1s), plain);
    EXPECT_NE(run_of("tent", 1s), plain);
    EXPECT_NE(run_of("texts", 1s), plain);
    EXPECT_NE(run_of("text", 2s), plain);
}

TEST(sim_determinism, events_are_lines_of_text_on_demand) {
    auto wanted = calm_pair();
    std::vector<std::string> lines;
    wanted.on_event = [&](std::string_view line) { lines.emplace_back(line); };
    wanted.latency = {5ms, 5ms};
    sim_bench b(wanted);
    const auto [near, far] = b.pair_between_hosts();
    lines.clear();
    b.send(near, "hello");
    b.settle();
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_TRUE(lines[0].starts_with("1.015000000 a send #")) << lines[0];
    EXPECT_TRUE(lines[0].ends_with(" 5")) << lines[0];
    EXPECT_TRUE(lines[1].starts_with("1.020000000 b data arrived #")) << lines[1];
    EXPECT_TRUE(lines[2].starts_with("1.025000000 a ACK arrived #")) << lines[2];
    EXPECT_GT(b.in.log().events(), 3U);
}

TEST(sim_determinism, which_event_comes_first_is_chance) {
    std::set<std::string> orders;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        auto wanted = calm();
        wanted.seed = seed;
        sim_bench b(wanted);
        std::vector<std::unique_ptr<watched_fd>> all;
        const auto [one, two] = b.unix_pair(SOCK_STREAM);
        const auto [three, four] = b.unix_pair(SOCK_STREAM);
        for (const int fd : {one, two, three}) all.push_back(std::make_unique<watched_fd>(b, fd));
        std::string order;
        while (b.poller().has_news()) {
            b.events->wait(0, 1, mioco::detail::poller::caller::owner);
            for (std::size_t i = 0; i < all.size(); ++i) {
                const char name = static_cast<char>('0' + i);
                if (order.find(name) == std::string::npos &&
                    all[i]->object().writing.slot().is_ready())
                    order += name;
            }
        }
        orders.insert(order);
    }
    EXPECT_EQ(orders.size(), 6U);
}

TEST(sim_generator, is_even_and_repeats_itself) {
    sim::generator one(1);
    sim::generator same(1);
    sim::generator other(2);
    std::vector<int> counts(10);
    int alike = 0;
    for (int i = 0; i < 10'000; ++i) {
        const std::uint64_t drawn = one.draw();
        EXPECT_EQ(drawn, same.draw());
        alike += drawn == other.draw() ? 1 : 0;
        ++counts[one.below(10)];
        same.below(10);
    }
    EXPECT_EQ(alike, 0);
    for (const int count : counts) {
        EXPECT_GT(count, 850);
        EXPECT_LT(count, 1150);
    }
    EXPECT_FALSE(one.chance(0));
    EXPECT_TRUE(one.chance(1));
    EXPECT_EQ(one.below(0), 0U);
}

TEST(sim_world, a_look_at_the_clock_takes_time) {
    auto wanted = calm();
    wanted.time_of_look = 3ns;
    sim_bench b(wanted);
    const auto begin = b.in.now();
    EXPECT_EQ(b.io.now(), begin + 3);
    EXPECT_EQ(b.io.now(), begin + 6);
    EXPECT_EQ(b.in.now(), begin + 6) << "that of the simulation itself does not";
}

TEST(sim_world, time_goes_forward_and_deliveries_come_by_time_and_order) {
    struct noted final : sim::deliverable {
        std::string& order;
        explicit noted(std::string& into) : order(into) {}
        void arrive(std::uint64_t tag) override { order += static_cast<char>(tag); }
    };
    sim_bench b;
    std::string order;
    const auto what = std::make_shared<noted>(order);
    const auto begin = b.in.now();
    EXPECT_GT(begin, 0);
    EXPECT_EQ(b.in.next_delivery(), mioco::detail::never);
    b.in.post(begin + 20, what, 'c');
    b.in.post(begin + 10, what, 'a');
    b.in.post(begin + 10, what, 'b');
    EXPECT_EQ(b.in.next_delivery(), begin + 10);
    EXPECT_FALSE(b.in.run_due());
    b.in.advance_to(begin + 15);
    EXPECT_TRUE(b.in.run_due());
    EXPECT_EQ(order, "ab");
    b.in.advance_to(begin);
    EXPECT_EQ(b.in.now(), begin + 15);
    EXPECT_EQ(b.io.now(), begin + 15);
    b.settle();
    EXPECT_EQ(order, "abc");
    EXPECT_EQ(b.in.under_way(), 0U);
}

}  // namespace
