// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <regex>
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
using mioco_test::captured_stderr;
using mioco_test::counted;
using mioco_test::error_of;
using mioco_test::flag;

constexpr auto cancelled = std::errc::operation_canceled;

class shutdown : public mioco_test::on_workers {
protected:
    std::atomic<int> living = 0;

    // 1024 fibers in each state that a fiber can be in.
    template <class Spawn>
    void spawn_all(Spawn spawn, std::atomic<int>& parked) {
        for (int i = 0; i < 1024; ++i) {
            spawn([c = counted(living)] {
                for (;;) mioco::yield();
            });
            spawn([&parked, c = counted(living)] {
                ++parked;
                for (;;) mioco::sleep_for(1h);
            });
        }
    }
};
MIOCO_ON_WORKER_COUNTS(shutdown);

TEST_P(shutdown, from_inside_ends_yielding_and_parked_and_unstarted_fibers) {
    std::atomic<int> parked = 0;
    EXPECT_EQ(error_of([&] {
                  run([&] {
                      const auto spawn = [](auto&& f) {
                          mioco::spawn(std::forward<decltype(f)>(f));
                      };
                      spawn_all(spawn, parked);
                      while (parked != 1024) mioco::yield();
                      for (int i = 0; i < 16; ++i) mioco::spawn([c = counted(living)] {});
                      mioco::shutdown();
                  });
              }),
              cancelled);
    EXPECT_EQ(living, 0);
}

TEST_P(shutdown, from_inside_as_the_first_act) {
    EXPECT_EQ(error_of([&] { run([] { mioco::shutdown(); }); }), cancelled);
    EXPECT_EQ(error_of([&] {
                  run([&] {
                      for (int i = 0; i < 16; ++i) mioco::spawn([c = counted(living)] {});
                      mioco::shutdown();
                  });
              }),
              cancelled);
    EXPECT_EQ(living, 0);
}

TEST_P(shutdown, from_inside_is_seen_again_by_who_swallows_it) {
    int swallowed = 0;
    EXPECT_EQ(error_of([&] {
                  run([&] {
                      try {
                          mioco::shutdown();
                      } catch (...) {
                          ++swallowed;
                      }
                      mioco::yield();
                      ADD_FAILURE() << "yield is a cancellation point";
                  });
              }),
              cancelled);
    EXPECT_EQ(swallowed, 1);
}

TEST_P(shutdown, from_a_child_ends_its_parent) {
    EXPECT_EQ(error_of([&] {
                  run([&] {
                      mioco::spawn([] { mioco::shutdown(); });
                      mioco::sleep_for(1h);
                  });
              }),
              cancelled);
}

TEST_P(shutdown, from_outside_ends_yielding_and_parked_and_unstarted_fibers) {
    mioco::runtime rt(settings());
    std::atomic<int> parked = 0;
    spawn_all([&](auto&& f) { rt.spawn(std::forward<decltype(f)>(f)); }, parked);
    while (parked < 10) mioco_test::yield_thread();
    EXPECT_TRUE(rt.shutdown(1h));
    EXPECT_EQ(living, 0);
    EXPECT_EQ(rt.run([] { return 3; }), 3);
}

TEST_P(shutdown, of_a_runtime_without_fibers_is_over_at_once) {
    mioco::runtime rt(settings());
    EXPECT_TRUE(rt.shutdown(0s));
    EXPECT_TRUE(rt.shutdown(std::chrono::hours::max()));
    EXPECT_EQ(rt.run([] { return 3; }), 3);
}

TEST_P(shutdown, lets_destructors_wait) {
    struct waiting {
        std::atomic<int>& finished;
        ~waiting() {
            mioco::sleep_for(100us);
            ++finished;
        }
    };
    std::atomic<int> started = 0;
    std::atomic<int> finished = 0;
    mioco::runtime rt(settings());
    for (int i = 0; i < 50; ++i) {
        rt.spawn([&] {
            const waiting at_end{finished};
            ++started;
            mioco::sleep_for(1h);
        });
    }
    while (started != 50) mioco_test::yield_thread();
    EXPECT_TRUE(rt.shutdown(1h));
    EXPECT_EQ(finished, 50);
}

TEST_P(shutdown, names_who_stays_when_the_time_is_over) {
    mioco::runtime rt(settings());
    flag stays;
    flag may_end;
    rt.spawn({.name = "obedient"}, [] { mioco::sleep_for(1h); });
    rt.spawn({.name = "stubborn"}, [&] {
        stays.raise();
        while (!may_end.is_raised()) {
            try {
                mioco::sleep_for(1h);
            } catch (const mioco::fiber_cancelled&) {
                // Goes on all the same.
            }
        }
    });
    while (!stays.is_raised()) mioco_test::yield_thread();
    {
        const captured_stderr said;
        // The obedient one may need longer than that, but ends; and each time some may be left to be asked.
        const std::regex stays_alone(
            "1 fiber did not end[^\n]*\n[^\n]*\"stubborn\"[^\n]*; asked to stop");
        bool has_ended = false;
        while (!has_ended && !std::regex_search(said.text(), stays_alone))
            has_ended = rt.shutdown(1ms);
        EXPECT_FALSE(has_ended) << said.text();
    }
    may_end.raise();
    EXPECT_TRUE(rt.shutdown(1h));
}

TEST_P(shutdown, from_another_runtimes_fiber_parks_it) {
    mioco::runtime rt(settings());
    rt.spawn([c = counted(living)] { mioco::sleep_for(1h); });
    run([&] {
        std::atomic<bool> over = false;
        auto other = mioco::spawn([&] {
            while (!over) mioco::yield();
        });
        EXPECT_TRUE(rt.shutdown(1h));
        over = true;
        other.join();
    });
    EXPECT_EQ(living, 0);
}

TEST_P(shutdown, by_several_threads_at_once) {
    for (int round = 0; round < 10; ++round) {
        mioco::runtime rt(settings());
        for (int i = 0; i < 50; ++i) rt.spawn([c = counted(living)] { mioco::sleep_for(1h); });
        std::vector<mioco_test::thread> threads;
        for (int t = 0; t < 3; ++t) threads.emplace_back([&] { EXPECT_TRUE(rt.shutdown(1h)); });
        for (auto& each : threads) each.join();
        EXPECT_EQ(living, 0);
    }
}

TEST_P(shutdown, while_another_thread_is_in_run) {
    mioco::runtime rt(settings());
    flag running;
    mioco_test::thread runner([&] {
        EXPECT_EQ(error_of([&] {
                      rt.run([&] {
                          running.raise();
                          mioco::sleep_for(1h);
                      });
                  }),
                  cancelled);
    });
    while (!running.is_raised()) mioco_test::yield_thread();
    EXPECT_TRUE(rt.shutdown(1h));
    runner.join();
}

TEST_P(shutdown, of_the_own_runtime_is_refused_and_stops_nothing) {
    mioco::runtime rt(settings());
    rt.run([&] {
        EXPECT_EQ(error_of([&] { rt.shutdown(1h); }), std::errc::resource_deadlock_would_occur);
        mioco::yield();
    });
}

TEST(shutdown_outside, is_refused) {
    EXPECT_EQ(error_of([] { mioco::shutdown(); }), std::errc::operation_not_permitted);
}

}  // namespace
