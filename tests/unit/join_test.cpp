// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::counted;
using mioco_test::error_of;
using mioco_test::flag;

class join : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(join);

TEST_P(join, gives_results_of_any_type) {
    const auto list = run([] {
        auto number = mioco::spawn([] { return 3; });
        auto text = mioco::spawn([] { return std::string("foobar"); });
        EXPECT_EQ(number.join(), 3);
        EXPECT_EQ(text.join(), "foobar");
        return std::vector{1, 2};
    });
    EXPECT_EQ(list, (std::vector{1, 2}));
}

TEST_P(join, moves_a_move_only_result_out) {
    run([] { EXPECT_EQ(*mioco::spawn([] { return std::make_unique<int>(8); }).join(), 8); });
}

TEST_P(join, gives_references_as_references) {
    run([] {
        int target = 1;
        int& lvalue = mioco::spawn([&]() -> int& { return target; }).join();
        EXPECT_EQ(&lvalue, &target);
        auto text = std::make_unique<int>(2);
        auto rvalue = mioco::spawn([&]() -> std::unique_ptr<int>&& { return std::move(text); });
        const std::unique_ptr<int> taken = rvalue.join();
        EXPECT_EQ(*taken, 2);
        EXPECT_EQ(text, nullptr);
    });
}

TEST_P(join, of_a_fiber_that_returns_nothing_waits_for_its_end) {
    run([] {
        bool ended = false;
        auto child = mioco::spawn([&] {
            for (int i = 0; i < 10; ++i) mioco::yield();
            ended = true;
        });
        child.join();
        EXPECT_TRUE(ended);
    });
}

TEST_P(join, gives_a_result_larger_than_its_closure) {
    run([] {
        const auto large = mioco::spawn([] {
                               std::array<int, 1000> numbers{};
                               numbers[999] = 4;
                               return numbers;
                           }).join();
        EXPECT_EQ(large[999], 4);
    });
}

TEST_P(join, rethrows_what_the_fiber_threw) {
    run([] {
        auto standard = mioco::spawn([] { throw std::runtime_error("of the fiber"); });
        auto other = mioco::spawn([]() -> int { throw 42; });
        try {
            standard.join();
            ADD_FAILURE() << "nothing was thrown";
        } catch (const std::runtime_error& e) {
            EXPECT_STREQ(e.what(), "of the fiber");
        }
        EXPECT_THROW(other.join(), int);
    });
}

TEST_P(join, of_oneself_is_an_error_and_not_a_hang) {
    run([] {
        mioco::join_handle<void> self;
        flag handed_over;
        self = mioco::spawn([&] {
            handed_over.await();
            EXPECT_EQ(error_of([&] { self.join(); }), std::errc::resource_deadlock_would_occur);
            EXPECT_TRUE(self.joinable());
        });
        auto& same = self;
        handed_over.raise();
        while (!same.done()) mioco::yield();
    });
}

TEST_P(join, of_an_empty_handle_is_an_error) {
    run([] {
        mioco::join_handle<int> never_set;
        EXPECT_EQ(error_of([&] { never_set.join(); }), std::errc::invalid_argument);
        auto joined = mioco::spawn([] { return 1; });
        joined.join();
        EXPECT_FALSE(joined.joinable());
        EXPECT_EQ(error_of([&] { joined.join(); }), std::errc::invalid_argument);
        auto detached = mioco::spawn([] { return 1; });
        detached.detach();
        EXPECT_EQ(error_of([&] { detached.join(); }), std::errc::invalid_argument);
        auto moved_from = mioco::spawn([] { return 1; });
        auto holder = std::move(moved_from);
        EXPECT_EQ(error_of([&] { moved_from.join(); }), std::errc::invalid_argument);  // NOLINT
        EXPECT_EQ(holder.join(), 1);
    });
}

TEST_P(join, blocks_a_plain_thread_until_the_end) {
    mioco::runtime rt(settings());
    flag may_end;
    auto child = rt.spawn([&] {
        may_end.await();
        return 5;
    });
    mioco_test::thread joiner([&] { EXPECT_EQ(child.join(), 5); });
    may_end.raise();
    joiner.join();
    EXPECT_THROW(rt.spawn([] { throw 1; }).join(), int);
}

TEST_P(join, parks_a_fiber_of_another_runtime) {
    mioco::runtime other(settings());
    EXPECT_EQ(run([&] {
                  std::vector<mioco::join_handle<int>> there;
                  for (int i = 0; i < 100; ++i) {
                      there.push_back(other.spawn([i] {
                          mioco::sleep_for(std::chrono::microseconds(i));
                          return i;
                      }));
                  }
                  int sum = 0;
                  for (auto& each : there) sum += each.join();
                  return sum;
              }),
              4950);
}

TEST_P(join, works_after_the_runtime_has_gone) {
    mioco::join_handle<std::string> kept;
    mioco::join_handle<void> failed;
    run([&] {
        kept = mioco::spawn([] { return std::string("a result that outlives its runtime"); });
        failed = mioco::spawn([] { throw std::runtime_error("an error as well"); });
    });
    EXPECT_TRUE(kept.done());
    EXPECT_EQ(kept.join(), "a result that outlives its runtime");
    EXPECT_THROW(failed.join(), std::runtime_error);
}

TEST_P(join, passes_along_a_chain) {
    EXPECT_EQ(run([] {
                  auto last = mioco::spawn([] { return 0; });
                  for (int i = 0; i < 500; ++i) {
                      last = mioco::spawn(
                          [before = std::move(last)]() mutable { return before.join() + 1; });
                  }
                  return last.join();
              }),
              500);
}

TEST_P(join, of_fibers_that_ended_long_ago_and_of_running_ones) {
    run([] {
        flag may_end;
        std::vector<mioco::join_handle<int>> early;
        std::vector<mioco::join_handle<int>> late;
        for (int i = 0; i < 200; ++i) {
            early.push_back(mioco::spawn([i] { return i; }));
            late.push_back(mioco::spawn([i, &may_end] {
                may_end.await();
                return i;
            }));
        }
        for (const auto& each : early) {
            while (!each.done()) mioco::yield();
        }
        mioco::spawn([&] { may_end.raise(); });
        for (int i = 0; i < 200; ++i) {
            EXPECT_EQ(early[static_cast<std::size_t>(i)].join(), i);
            EXPECT_EQ(late[static_cast<std::size_t>(i)].join(), i);
        }
    });
}

TEST_P(join, done_tells_whether_it_would_wait) {
    run([] {
        flag may_end;
        auto child = mioco::spawn([&] { may_end.await(); });
        EXPECT_FALSE(child.done());
        EXPECT_TRUE(child.joinable());
        may_end.raise();
        while (!child.done()) mioco::yield();
        EXPECT_TRUE(child.joinable());
        child.join();
        EXPECT_TRUE(mioco::join_handle<int>().done());
    });
}

struct waits_at_its_end {
    std::atomic<int>* over;
    explicit waits_at_its_end(std::atomic<int>& count) : over(&count) {}
    waits_at_its_end(waits_at_its_end&& other) noexcept
        : over(std::exchange(other.over, nullptr)) {}
    waits_at_its_end& operator=(waits_at_its_end&&) = delete;
    ~waits_at_its_end() {
        if (over == nullptr) return;
        mioco::sleep_for(1ms);
        ++*over;
    }
};

TEST_P(join, detached_fiber_may_have_a_result_that_waits_when_it_is_destroyed) {
    std::atomic<int> over = 0;
    run([&] {
        for (int i = 0; i < 20; ++i) {
            mioco::spawn([&over] {
                mioco::yield();
                return waits_at_its_end(over);
            }).detach();
        }
    });
    EXPECT_EQ(over, 20);
}

// Also when its runtime is being stopped: a destructor is not asked to throw.
TEST_P(join, stop_lets_such_a_result_wait) {
    std::atomic<int> over = 0;
    mioco::runtime rt(settings());
    EXPECT_EQ(error_of([&] {
                  rt.run([&] {
                      mioco::spawn([&] {
                          rt.stop();
                          return waits_at_its_end(over);
                      }).detach();
                      for (;;) mioco::yield();
                  });
              }),
              std::errc::operation_canceled);
    EXPECT_EQ(over, 1);
}

TEST_P(join, detached_fiber_runs_on_and_its_result_is_destroyed) {
    std::atomic<int> living = 0;
    std::atomic<int> ended = 0;
    run([&] {
        flag may_end;
        const auto body = [&] {
            may_end.await();
            ++ended;
            return counted(living);
        };
        auto explicitly = mioco::spawn(body);
        explicitly.detach();
        mioco::spawn(body);  // by the temporary handle's end
        auto by_assignment = mioco::spawn(body);
        by_assignment = mioco::spawn(body);
        by_assignment.detach();
        auto after_its_end = mioco::spawn([&] { return counted(living); });
        while (!after_its_end.done()) mioco::yield();
        EXPECT_EQ(living, 1);
        after_its_end.detach();
        EXPECT_EQ(living, 0);
        may_end.raise();
        while (ended != 4) mioco::yield();
    });
    EXPECT_EQ(ended, 4);
    EXPECT_EQ(living, 0);
}

TEST_P(join, result_is_destroyed_once) {
    std::atomic<int> living = 0;
    run([&] {
        {
            const auto result = mioco::spawn([&] { return counted(living); }).join();
            EXPECT_EQ(living, 1);
        }
        EXPECT_EQ(living, 0);
    });
    EXPECT_EQ(living, 0);
}

TEST_P(join, id_is_that_of_the_fiber_and_no_others) {
    run([] {
        std::set<mioco::fiber_id> ids;
        std::vector<mioco::join_handle<mioco::fiber_id>> fibers;
        for (int i = 0; i < 3000; ++i) fibers.push_back(mioco::spawn(mioco::this_fiber::id));
        for (auto& each : fibers) {
            const auto id = each.id();
            EXPECT_EQ(each.join(), id);
            EXPECT_TRUE(ids.insert(id).second);
        }
        EXPECT_FALSE(ids.contains(mioco::fiber_id{}));
        EXPECT_EQ(mioco::join_handle<void>().id(), mioco::fiber_id{});
    });
}

TEST_P(join, many_threads_join_fibers_of_one_runtime) {
    mioco::runtime rt(settings());
    std::vector<mioco_test::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&rt, t] {
            for (int i = 0; i < 50; ++i) {
                auto child = rt.spawn([=] {
                    mioco::yield();
                    return t * 1000 + i;
                });
                ASSERT_EQ(child.join(), t * 1000 + i);
            }
        });
    }
    for (auto& each : threads) each.join();
}

}  // namespace
