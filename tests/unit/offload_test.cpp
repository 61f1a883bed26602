// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

// What a call gets and gives, in fibers and on plain threads.

namespace {

using namespace std::chrono_literals;

class offload : public mioco_test::anywhere {};
MIOCO_ANYWHERE(offload);

TEST_P(offload, gives_results_of_any_type) {
    inside([] {
        EXPECT_EQ(mioco::offload([] { return 3; }), 3);
        EXPECT_EQ(mioco::offload([] { return std::string("foobar"); }), "foobar");
        bool ran = false;
        mioco::offload([&] { ran = true; });
        EXPECT_TRUE(ran);
        EXPECT_EQ(*mioco::offload([] { return std::make_unique<int>(8); }), 8);
        EXPECT_EQ(mioco::offload([]() -> const std::vector<int> { return {1, 2}; }).size(), 2U);
    });
}

TEST_P(offload, gives_references_as_references) {
    inside([] {
        int target = 1;
        int& lvalue = mioco::offload([&]() -> int& { return target; });
        EXPECT_EQ(&lvalue, &target);
        auto text = std::make_unique<int>(2);
        const std::unique_ptr<int> taken =
            mioco::offload([&]() -> std::unique_ptr<int>&& { return std::move(text); });
        EXPECT_EQ(*taken, 2);
        EXPECT_EQ(text, nullptr);
    });
}

TEST_P(offload, takes_move_only_closures_and_arguments) {
    inside([] {
        EXPECT_EQ(mioco::offload([held = std::make_unique<int>(4)] { return *held; }), 4);
        const auto given = mioco::offload([](std::unique_ptr<int> mine) { return mine; },
                                          std::make_unique<int>(5));
        EXPECT_EQ(*given, 5);
    });
}

struct stays_where_it_is {
    int value = 0;
    stays_where_it_is() = default;
    stays_where_it_is(const stays_where_it_is&) = delete;
    stays_where_it_is& operator=(const stays_where_it_is&) = delete;
    int add(int more) { return value += more; }
    int operator()() { return ++value; }
};

TEST_P(offload, neither_copies_nor_moves_what_it_is_given) {
    inside([] {
        stays_where_it_is object;
        EXPECT_EQ(mioco::offload(object), 1);
        EXPECT_EQ(mioco::offload([](stays_where_it_is& same) { return ++same.value; }, object), 2);
        EXPECT_EQ(mioco::offload(&stays_where_it_is::add, object, 3), 5);
        EXPECT_EQ(object.value, 5);
    });
}

TEST_P(offload, calls_a_temporary_as_one) {
    struct callable {
        int operator()() & { return 1; }
        int operator()() && { return 2; }
    };
    inside([] {
        callable named;
        EXPECT_EQ(mioco::offload(named), 1);
        EXPECT_EQ(mioco::offload(callable{}), 2);
        EXPECT_EQ(mioco::block_in_place(named), 1);
        EXPECT_EQ(mioco::block_in_place(callable{}), 2);
    });
}

TEST_P(offload, rethrows_what_the_closure_threw) {
    inside([] {
        for (int i = 0; i < 3; ++i) {
            try {
                mioco::offload([] { throw std::runtime_error("of the closure"); });
                ADD_FAILURE() << "nothing was thrown";
            } catch (const std::runtime_error& e) {
                EXPECT_STREQ(e.what(), "of the closure");
            }
            EXPECT_THROW(mioco::offload([]() -> int { throw 42; }), int);
            EXPECT_THROW(mioco::block_in_place([]() -> int { throw 42; }), int);
        }
        EXPECT_EQ(mioco::offload([] { return 1; }), 1);
    });
}

TEST_P(offload, takes_its_time) {
    inside([] {
        const auto begin = mioco_test::now();
        mioco::offload([] { mioco_test::block_for(20ms); });
        EXPECT_GE(mioco_test::now() - begin, 20ms);
    });
}

TEST_P(offload, is_outside_of_fibers_inside) {
    inside([] {
        mioco::offload([] {
            EXPECT_FALSE(mioco::this_fiber::in_fiber());
            EXPECT_EQ(mioco::this_fiber::id(), mioco::fiber_id{});
            EXPECT_EQ(mioco::this_fiber::worker_count(), 0U);
        });
        mioco::block_in_place([] { EXPECT_FALSE(mioco::this_fiber::in_fiber()); });
    });
}

TEST_P(offload, the_librarys_calls_act_natively_inside) {
    inside([] {
        auto beside = mioco::spawn([] {
            mioco::sleep_for(1ms);
            return 6;
        });
        mioco::offload([&] {
            const auto thread = std::this_thread::get_id();
            const auto begin = mioco_test::now();
            mioco::sleep_for(2ms);
            EXPECT_GE(mioco_test::now() - begin, 2ms);
            mioco::yield();
            EXPECT_EQ(beside.join(), 6);
            EXPECT_EQ(std::this_thread::get_id(), thread);
        });
    });
}

TEST_P(offload, locks_and_channels_inside_are_shared_with_fibers) {
    inside([] {
        mioco::mutex guard;
        int counter = 0;
        const auto count = [&] {
            const std::scoped_lock held(guard);
            const int before = counter;
            mioco::yield();
            counter = before + 1;
        };
        auto [in, out] = mioco::channel<int>(0);
        auto beside = mioco::spawn([&, &out = out] {
            for (int i = 0; i < 200; ++i) {
                count();
                EXPECT_EQ(out.recv(), i);
            }
        });
        mioco::offload([&, &in = in] {
            const auto thread = std::this_thread::get_id();
            for (int i = 0; i < 200; ++i) {
                count();
                in.send(i);
                EXPECT_EQ(std::this_thread::get_id(), thread);
            }
        });
        beside.join();
        EXPECT_EQ(counter, 400);
    });
}

TEST_P(offload, called_inside_calls_on_the_spot) {
    inside([] {
        const int depth = mioco::offload([] {
            const auto thread = std::this_thread::get_id();
            return 1 + mioco::offload([&] {
                       return 1 + mioco::block_in_place([&] {
                                  EXPECT_EQ(std::this_thread::get_id(), thread);
                                  return 1;
                              });
                   });
        });
        EXPECT_EQ(depth, 3);
    });
}

TEST_P(offload, runs_a_whole_runtime_inside) {
    inside([] {
        const int sum = mioco::offload([] {
            return mioco::run(mioco::config{}.workers(2), [] {
                auto child = mioco::spawn([] { return mioco::offload([] { return 1; }); });
                return child.join() + mioco::offload([] { return 2; });
            });
        });
        EXPECT_EQ(sum, 3);
    });
}

TEST_P(offload, works_while_an_exception_is_handled_and_while_one_unwinds) {
    struct offloads_at_its_end {
        int& result;
        ~offloads_at_its_end() {
            result = mioco::offload([] { return 7; });
        }
    };
    inside([] {
        int result = 0;
        try {
            const offloads_at_its_end last{result};
            throw std::runtime_error("first");
        } catch (const std::runtime_error&) {
            EXPECT_EQ(result, 7);
            EXPECT_THROW(mioco::offload([] { throw 1; }), int);
            try {
                throw;
            } catch (const std::runtime_error& same) {
                EXPECT_STREQ(same.what(), "first");
            }
        }
    });
}

TEST_P(offload, a_result_is_destroyed_once) {
    std::atomic<int> living = 0;
    inside([&] {
        {
            const auto result = mioco::offload([&] { return mioco_test::counted(living); });
            EXPECT_EQ(living, 1);
        }
        EXPECT_EQ(living, 0);
    });
}

class offload_in_loop : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(offload_in_loop);

TEST_P(offload_in_loop, ten_thousand_times_over_a_local_of_the_caller) {
    run([] {
        int sum = 0;
        for (int i = 0; i < 10'000; ++i) {
            const int returned = mioco::offload([&sum, i] {
                if (i % 16 == 0) mioco_test::block_for(1ms);
                ++sum;
                return i;
            });
            ASSERT_EQ(returned, i);
        }
        EXPECT_EQ(sum, 10'000);
    });
}

}  // namespace
