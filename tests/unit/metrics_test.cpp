// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;

class metrics : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(metrics);

TEST_P(metrics, count_fibers) {
    mioco::runtime rt(settings());
    rt.run([&] {
        for (int i = 0; i < 10; ++i) mioco::spawn([] {}).join();
        while (rt.metrics().fibers != 1)
            mioco::yield();  // a join may return just before the end is counted
    });
    const auto all = rt.metrics();
    EXPECT_EQ(all.workers.size(), GetParam());
    EXPECT_EQ(all.total.spawned, 11U) << "main was spawned by none of them";
    EXPECT_EQ(all.total.finished, 11U);
    EXPECT_EQ(all.fibers, 0U);
    std::uint64_t by_workers = 0;
    for (const auto& each : all.workers) by_workers += each.spawned;
    EXPECT_EQ(by_workers, 10U);
}

TEST_P(metrics, count_waits_and_what_ends_them) {
    mioco::runtime rt(settings());
    std::uint64_t set = 0;
    rt.run([&] {
        const auto before = rt.metrics().total;
        for (int i = 0; i < 5; ++i) mioco::sleep_for(1ms);
        mioco::spawn([] { mioco::sleep_for(1ms); }).join();
        mioco::block_in_place([] {});
        const auto after = rt.metrics().total;
        // A sleep whose time is over before it begins needs no timer.
        set = after.timers_set - before.timers_set;
        EXPECT_GE(set, 1U);
        EXPECT_LE(set, 6U);
        EXPECT_EQ(after.timers_fired - before.timers_fired, set);
        EXPECT_EQ(after.offloaded - before.offloaded, 1U);
    });
    // As soon as each worker has slept or looked around.
    while (rt.metrics().total.parks < set) mioco_test::yield_thread();
    EXPECT_GE(rt.metrics().total.switches, rt.metrics().total.parks);
    EXPECT_GT(rt.metrics().total.sleeps, 0U);
}

TEST_P(metrics, count_attempts) {
    mioco::runtime rt(settings());
    rt.run([&] {
        auto [reading, writing] = mioco::pipe();
        const auto before = rt.metrics().total.io_attempts;
        char byte[1];
        for (int i = 0; i < 10; ++i) {
            writing.write_all(std::string_view("x"));
            reading.read_exactly(byte);
        }
        EXPECT_GE(rt.metrics().total.io_attempts - before, 20U);
    });
}

TEST_P(metrics, count_what_came_from_elsewhere) {
    mioco::runtime rt(settings());
    for (int i = 0; i < 10; ++i) rt.spawn([] {}).join();
    rt.wait();
    EXPECT_EQ(rt.metrics().total.arrived, 10U);
    EXPECT_EQ(rt.metrics().total.spawned, 10U);
}

// The neighbour of a worker that is held looks again and again at what has come for it, and has to leave it there.
TEST(metrics_of_two, count_a_pinned_fiber_once_however_long_its_worker_is_held) {
    mioco::runtime rt(mioco::config{}.workers(2));
    rt.spawn({.pinned = true}, [&] {
          mioco::event woken;
          auto pinned = mioco::spawn({.pinned = true}, [&] { woken.wait(); });
          mioco::yield();
          mioco_test::flag is_woken;
          mioco_test::thread waker([&] {
              woken.notify();
              is_woken.raise();
          });
          is_woken.await_computing();
          const auto before = rt.metrics().total.arrived;
          mioco_test::block_for(50ms);
          EXPECT_EQ(rt.metrics().total.arrived, before);
          pinned.join();
          waker.join();
      }).join();
}

TEST_P(metrics, only_grow) {
    mioco::runtime rt(settings());
    std::atomic<bool> ends = false;
    mioco_test::thread looker([&] {
        std::uint64_t switches = 0;
        std::uint64_t finished = 0;
        while (!ends) {
            const auto now = rt.metrics().total;
            EXPECT_GE(now.switches, switches);
            EXPECT_GE(now.finished, finished);
            switches = now.switches;
            finished = now.finished;
            mioco_test::yield_thread();
        }
    });
    rt.run([] {
        for (int i = 0; i < 200; ++i) {
            mioco::spawn([] { mioco::yield(); }).join();
            mioco::yield();
        }
    });
    ends = true;
    looker.join();
}

TEST_P(metrics, of_all_may_be_asked_for_while_runtimes_come_and_go) {
    std::atomic<bool> ends = false;
    mioco_test::thread looker([&] {
        while (!ends) {
            static_cast<void>(mioco::metrics_text());
            mioco_test::yield_thread();
        }
    });
    for (int i = 0; i < 20; ++i) mioco::run(settings(), [] { mioco::yield(); });
    ends = true;
    looker.join();
}

// Names of its own: other tests may have left the default runtime.
std::vector<std::string> names_beginning(const std::string& prefix) {
    std::vector<std::string> names;
    for (const auto& each : mioco::metrics()) {
        if (each.name.starts_with(prefix)) names.push_back(each.name);
    }
    return names;
}

TEST(metrics_names, tell_namesakes_apart) {
    using names = std::vector<std::string>;
    const auto named = mioco::config{}.workers(1).name("twin");
    const mioco::runtime first(named);
    {
        const mioco::runtime second(named);
        const mioco::runtime third(named);
        EXPECT_EQ(names_beginning("twin"), (names{"twin", "twin#2", "twin#3"}));
    }
    const mioco::runtime again(named);
    EXPECT_EQ(names_beginning("twin"), (names{"twin", "twin#2"}));
}

// As the format has it: each name has its help and type before its samples, which are together, and no sample comes twice.
TEST(metrics_text, is_what_prometheus_reads) {
    const mioco::runtime odd(mioco::config{}.workers(2).name("a\"b\\c\nd"));
    const mioco::runtime twin(mioco::config{}.workers(1).name("a\"b\\c\nd"));
    std::istringstream text(mioco::metrics_text());
    const std::regex help("# HELP (mioco_[a-z_]+) [A-Z].*\\.");
    const std::regex type("# TYPE (mioco_[a-z_]+) (counter|gauge)");
    const std::regex sample(
        "(mioco_[a-z_]+)\\{runtime=\"((?:[^\"\\\\]|\\\\[\\\\n\"])*)\"(,worker=\"(\\d+|none)\")?\\} "
        "\\d+");
    std::set<std::string> seen;
    std::string current;
    std::string helped;
    std::smatch found;
    for (std::string line; std::getline(text, line);) {
        EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second || line[0] == '#') << line;
        if (std::regex_match(line, found, help)) {
            helped = found[1];
        } else if (std::regex_match(line, found, type)) {
            current = found[1];
            EXPECT_EQ(current, helped);
            EXPECT_EQ(current.ends_with("_total"), found[2] == "counter") << line;
            EXPECT_TRUE(seen.insert("type of " + current).second) << line;
        } else {
            ASSERT_TRUE(std::regex_match(line, found, sample)) << line;
            EXPECT_EQ(found[1], current) << line;
        }
    }
    EXPECT_EQ(seen.count("mioco_parks_total{runtime=\"a\\\"b\\\\c\\nd\",worker=\"1\"}"), 1U);
    EXPECT_EQ(seen.count("mioco_workers{runtime=\"a\\\"b\\\\c\\nd#2\"}"), 1U);
}

TEST(metrics_outside, show_what_a_fiber_does) {
    mioco::runtime rt(mioco::config{}.workers(1));
    mioco_test::flag ends;
    auto busy = rt.spawn([&] { ends.await(); });
    while (rt.metrics().total.switches < 100) mioco_test::yield_thread();
    EXPECT_EQ(rt.metrics().fibers, 1U);
    ends.raise();
    busy.join();
}

}  // namespace
