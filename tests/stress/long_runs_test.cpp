// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "stack/depot.hpp"
#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/sizes.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;

class long_runs : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(long_runs);

TEST_P(long_runs, of_yields_come_to_their_end) {
    const std::size_t each = mioco_test::here(mioco_test::yields) / 2;
    std::atomic<int> ended = 0;
    run([&] {
        for (int i = 0; i < 2; ++i) {
            mioco::spawn([&] {
                for (std::size_t j = 0; j < each; ++j) mioco::yield();
                ++ended;
            });
        }
    });
    EXPECT_EQ(ended, 2);
}

std::size_t how_many_starts(unsigned workers) {
    return mioco_test::here(workers > 5 ? mioco_test::runtime_starts_of_twenty_threads
                                        : mioco_test::runtime_starts);
}

TEST_P(long_runs, of_starts_and_stops_come_to_their_end) {
    const std::size_t rounds = how_many_starts(GetParam());
    std::atomic<std::size_t> living = 0;
    for (std::size_t i = 0; i < rounds; ++i) {
        mioco_test::flag started;
        mioco::runtime rt(settings());
        rt.spawn([&] {
            ++living;
            started.raise();
            try {
                for (;;) mioco::sleep_for(1h);
            } catch (...) {
                --living;
                throw;
            }
        });
        if (i % 2 == 0) started.await();
        if (i % 3 == 0) {
            rt.stop();
            rt.wait();
        }
    }
    EXPECT_EQ(living, 0U);
}

TEST_P(long_runs, of_runs_come_to_their_end) {
    const std::size_t rounds = how_many_starts(GetParam());
    std::size_t sum = 0;
    for (std::size_t i = 0; i < rounds; ++i) {
        sum += run([] { return mioco::spawn([] { return std::size_t{1}; }).join(); });
    }
    EXPECT_EQ(sum, rounds);
}

class idle : public mioco_test::on_workers {
protected:
    // Of all workers, as the kernel counts them.
    static std::size_t voluntary_switches() {
        std::size_t sum = 0;
        for (const pid_t thread : mioco_test::threads_named("idle_")) {
            sum += mioco_test::field_of("/proc/self/task/" + std::to_string(thread) + "/status",
                                        "voluntary_ctxt_switches");
        }
        return sum;
    }
};
MIOCO_ON_WORKER_COUNTS(idle);

TEST_P(idle, runtime_wakes_no_thread) {
    mioco::runtime rt(settings().name("idle"));
    mioco_test::flag parked;
    auto sleeper = rt.spawn([&] {
        parked.raise();
        mioco::sleep_for(24h);
    });
    rt.spawn([] {
          for (int i = 0; i < 100; ++i) mioco::spawn([] { mioco::yield(); });
      }).join();
    parked.await();
    while (mioco_test::threads_named("idle_").size() != GetParam()) mioco_test::yield_thread();
    // Somebody wakes up until the stacks that are free again have given their pages back; and the watchers need some quiet rounds until
    // they sleep for good.
    std::size_t before = voluntary_switches();
    for (int quiet = 0; quiet < 5;) {
        mioco_test::block_for(100ms);
        const std::size_t now = voluntary_switches();
        const bool is_over = mioco::detail::stack_depot::age_due() == mioco::detail::never;
        quiet = is_over && now == before ? quiet + 1 : 0;
        before = now;
    }
    mioco_test::block_for(2s);
    EXPECT_EQ(voluntary_switches(), before);
    rt.stop();
    EXPECT_THROW(sleeper.join(), std::system_error);
}

}  // namespace
