// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using mioco_test::captured_stderr;
using mioco_test::flag;

class runs : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(runs);

// Ends long after whoever spawned it.
auto late_fiber(std::atomic<bool>& ended) {
    return [&ended] {
        for (int i = 0; i < 300; ++i) mioco::yield();
        mioco::sleep_for(std::chrono::milliseconds(5));
        ended = true;
    };
}

TEST_P(runs, returns_what_the_first_fiber_returned) {
    EXPECT_EQ(run([] { return 17; }), 17);
    EXPECT_EQ(*run([] { return std::make_unique<int>(3); }), 3);
    int target = 0;
    int& reference = run([&]() -> int& { return target; });
    EXPECT_EQ(&reference, &target);
    static_assert(std::is_void_v<decltype(mioco::run([] {}))>);
}

TEST_P(runs, returns_only_after_every_fiber_has_ended) {
    std::atomic<bool> ended = false;
    EXPECT_EQ(run([&] {
                  mioco::spawn(late_fiber(ended));
                  return 1;
              }),
              1);
    EXPECT_TRUE(ended);
}

TEST_P(runs, rethrows_only_after_every_fiber_has_ended) {
    std::atomic<bool> ended = false;
    try {
        run([&] {
            mioco::spawn(late_fiber(ended));
            throw std::runtime_error("of the first fiber");
        });
        ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "of the first fiber");
    }
    EXPECT_TRUE(ended);
}

TEST_P(runs, survives_exceptions_of_other_fibers) {
    const captured_stderr silent;
    bool finished = false;
    run([&] {
        for (int i = 0; i < 512; ++i) mioco::spawn([] { throw std::runtime_error("contained"); });
        finished = true;
    });
    EXPECT_TRUE(finished);
}

TEST_P(runs, in_a_fiber_parks_it) {
    // With one worker in the outer runtime the flag is raised only if the caller does not hold the
    // thread.
    const auto result = run([] {
        flag raised_by_sibling;
        mioco::spawn([&] { raised_by_sibling.raise(); });
        return mioco::run(settings(), [&] {
            raised_by_sibling.await();
            return mioco::this_fiber::worker_count();
        });
    });
    EXPECT_EQ(result, GetParam());
}

// 84 threads would prove no more than 20.
class runs_on_few : public runs {};
INSTANTIATE_TEST_SUITE_P(workers, runs_on_few, testing::Values(1U, 2U, 5U),
                         mioco_test::worker_count_name);

TEST_P(runs_on_few, nest) {
    const auto depth_reached = [](auto self, int depth) -> int {
        if (depth == 0) return 0;
        return mioco::run(settings(), [&] { return self(self, depth - 1) + 1; });
    };
    EXPECT_EQ(depth_reached(depth_reached, 4), 4);
}

TEST_P(runs, in_a_fiber_passes_exceptions_out) {
    run([] {
        EXPECT_THROW(mioco::run(settings(), [] { throw std::runtime_error("inner"); }),
                     std::runtime_error);
    });
}

TEST_P(runs, works_on_several_threads_at_once) {
    std::vector<mioco_test::thread> threads;
    std::atomic<int> sum = 0;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 5; ++i) {
                sum += run([] {
                    auto child = mioco::spawn([] { return 1; });
                    mioco::yield();
                    return child.join();
                });
            }
        });
    }
    for (auto& each : threads) each.join();
    EXPECT_EQ(sum, 20);
}

TEST_P(runs, inside_a_catch_keeps_the_threads_exception) {
    try {
        try {
            throw std::runtime_error("of the thread");
        } catch (...) {
            run([] {
                EXPECT_EQ(std::current_exception(), nullptr);
                try {
                    throw 1;
                } catch (int) {
                    mioco::yield();
                }
            });
            throw;
        }
    } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "of the thread");
    }
}

TEST_P(runs, works_in_a_destructor_during_unwinding) {
    struct runner {
        ~runner() {
            EXPECT_EQ(std::uncaught_exceptions(), 1);
            run([] {
                EXPECT_EQ(std::uncaught_exceptions(), 0);
                mioco::yield();
            });
            EXPECT_EQ(std::uncaught_exceptions(), 1);
        }
    };
    EXPECT_THROW(
        {
            const runner last;
            throw std::runtime_error("unwinds");
        },
        std::runtime_error);
}

}  // namespace
