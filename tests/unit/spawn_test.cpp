// SPDX-License-Identifier: MPL-2.0
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
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

using mioco_test::counted;
using mioco_test::flag;

class spawn : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(spawn);

TEST_P(spawn, first_fiber_runs) {
    bool ran = false;
    run([&] { ran = true; });
    EXPECT_TRUE(ran);
}

TEST_P(spawn, children_have_all_run_when_run_returns) {
    int counter = 0;
    std::mutex guard;
    const auto increment = [&] {
        const std::scoped_lock held(guard);
        ++counter;
    };
    run([&] {
        for (int i = 0; i < 512; ++i) mioco::spawn(increment);
        increment();
    });
    EXPECT_EQ(counter, 513);
}

TEST_P(spawn, grandchildren_of_detached_fibers_count_as_well) {
    std::atomic<int> ran = 0;
    struct tree {
        std::atomic<int>& ran;
        void operator()(int depth) const {
            ++ran;
            if (depth == 0) return;
            for (int i = 0; i < 2; ++i) mioco::spawn(*this, depth - 1);
            mioco::yield();
        }
    };
    run([&] { tree{ran}(8); });
    EXPECT_EQ(ran, 511);
}

TEST_P(spawn, any_thread_may_spawn_into_a_runtime) {
    std::atomic<int> sum = 0;
    mioco::runtime rt(settings());
    std::vector<mioco_test::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 100; ++i) rt.spawn([&] { ++sum; });
            rt.spawn([&] { ++sum; }).join();
        });
    }
    for (auto& each : threads) each.join();
    rt.wait();
    EXPECT_EQ(sum, 404);
}

TEST_P(spawn, any_fiber_may_spawn_into_another_runtime) {
    mioco::runtime other(settings());
    const auto there = run(
        [&] { return other.spawn([] { return mioco::this_fiber::worker_count() * 100; }).join(); });
    EXPECT_EQ(there, GetParam() * 100);
}

TEST_P(spawn, keeps_arguments_by_value_as_a_thread_does) {
    run([] {
        std::string text = "before";
        auto copies = mioco::spawn([](const std::string& s) { return s; }, text);
        auto refers = mioco::spawn([](std::string& s) { return &s; }, std::ref(text));
        auto moves =
            mioco::spawn([](std::unique_ptr<int> p) { return *p; }, std::make_unique<int>(7));
        text = "after";
        EXPECT_EQ(copies.join(), "before");
        EXPECT_EQ(refers.join(), &text);
        EXPECT_EQ(moves.join(), 7);
    });
}

TEST_P(spawn, takes_move_only_and_large_and_aligned_closures) {
    struct alignas(128) aligned {
        std::array<int, 100> numbers{};
    };
    run([] {
        aligned big;
        big.numbers[99] = 5;
        auto large = mioco::spawn([big] {
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&big) % 128, 0U);
            return big.numbers[99];
        });
        auto move_only = mioco::spawn([p = std::make_unique<int>(6)] { return *p; });
        EXPECT_EQ(large.join(), 5);
        EXPECT_EQ(move_only.join(), 6);
    });
}

TEST_P(spawn, calls_members_and_functions) {
    struct greeter {
        std::string name;
        [[nodiscard]] std::string greet(const std::string& word) const { return word + " " + name; }
    };
    run([] {
        EXPECT_EQ(mioco::spawn(&greeter::greet, greeter{"world"}, "hello").join(), "hello world");
        EXPECT_EQ(mioco::spawn(&std::strlen, "four").join(), 4U);
    });
}

TEST_P(spawn, closure_is_gone_when_its_fiber_has_ended) {
    std::atomic<int> living = 0;
    run([&] {
        auto child = mioco::spawn([c = counted(living)] { return 1; });
        child.join();
        EXPECT_EQ(living, 0);
        auto throwing =
            mioco::spawn([c = counted(living)] { throw std::runtime_error("gone too"); });
        EXPECT_THROW(throwing.join(), std::runtime_error);
        EXPECT_EQ(living, 0);
    });
}

TEST_P(spawn, exception_of_a_closures_copy_reaches_the_spawner) {
    struct uncopyable_today {
        uncopyable_today() = default;
        uncopyable_today(const uncopyable_today&) { throw std::runtime_error("no copy today"); }
        void operator()() const {}
    };
    run([] {
        const uncopyable_today original;
        EXPECT_THROW(mioco::spawn(original), std::runtime_error);
        EXPECT_EQ(mioco::spawn([] { return 3; }).join(), 3);
    });
}

TEST_P(spawn, constructor_of_a_closure_may_switch) {
    struct switching {
        switching() = default;
        switching(const switching&) { mioco::yield(); }
        int operator()() const { return 9; }
    };
    run([] {
        const switching original;
        EXPECT_EQ(mioco::spawn(original).join(), 9);
    });
}

TEST_P(spawn, tiny_stacks_do) {
    bool ran = false;
    mioco::run(settings().stack_size(128 * 1024), [&] { ran = true; });
    EXPECT_TRUE(ran);
    EXPECT_EQ(mioco::run(settings().stack_size(16 * 1024), [] { return 1; }), 1);
}

TEST_P(spawn, name_is_copied) {
    run([] {
        std::string name = "acceptor";
        auto child =
            mioco::spawn({.name = name}, [] { return std::string(mioco::this_fiber::name()); });
        name = "changed!";
        EXPECT_EQ(child.join(), "acceptor");
    });
}

// Touches all of a large array; deeper than the default stack.
[[gnu::noinline]] int use_half_a_mebibyte() {
    volatile char array[512 * 1024];
    for (std::size_t i = 0; i < sizeof array; i += 1024) array[i] = 1;
    return array[sizeof array - 1024];
}

TEST_P(spawn, own_stack_size_is_given) {
    run([] {
        EXPECT_EQ(mioco::spawn({.stack_size_bytes = 2 * 1024 * 1024}, use_half_a_mebibyte).join(),
                  1);
        EXPECT_EQ(mioco::spawn([] { return 2; }).join(), 2);
    });
}

TEST_P(spawn, pinned_fiber_stays_on_its_thread) {
    run([] {
        std::vector<mioco::join_handle<void>> fibers;
        for (int i = 0; i < 20; ++i) {
            fibers.push_back(mioco::spawn({.pinned = true}, [] {
                const pid_t first = mioco_test::thread_number();
                for (int j = 0; j < 50; ++j) {
                    mioco::yield();
                    ASSERT_EQ(mioco_test::thread_number(), first);
                    mioco::sleep_for(std::chrono::microseconds(1));
                    ASSERT_EQ(mioco_test::thread_number(), first);
                }
            }));
        }
        for (auto& each : fibers) each.join();
    });
}

TEST_P(spawn, without_migration_every_fiber_stays_on_its_thread) {
    const mioco_test::scoped_environment unset("MIOCO_MIGRATE", nullptr);
    mioco::run(settings().migrate(mioco::migration::never), [] {
        std::vector<mioco::join_handle<void>> fibers;
        for (int i = 0; i < 20; ++i) {
            fibers.push_back(mioco::spawn([] {
                const pid_t first = mioco_test::thread_number();
                for (int j = 0; j < 50; ++j) {
                    mioco::yield();
                    mioco::sleep_for(std::chrono::microseconds(1));
                    ASSERT_EQ(mioco_test::thread_number(), first);
                }
            }));
        }
        for (auto& each : fibers) each.join();
    });
}

// There must be another thread.
class spawn_on_several : public spawn {};
INSTANTIATE_TEST_SUITE_P(workers, spawn_on_several, testing::Values(2U, 5U, 21U),
                         mioco_test::worker_count_name);

TEST_P(spawn_on_several, with_constant_migration_fibers_keep_moving) {
    const mioco_test::scoped_environment unset("MIOCO_MIGRATE", nullptr);
    // Not at each resume: an idle worker may bring a fiber back before the other has woken up.
    std::atomic<int> moves = 0;
    mioco::run(settings().migrate(mioco::migration::always), [&] {
        for (int i = 0; i < 20; ++i) {
            mioco::spawn([&] {
                pid_t last = mioco_test::thread_number();
                while (moves < 200) {
                    mioco::yield();
                    const pid_t now = mioco_test::thread_number();
                    if (now != last) ++moves;
                    last = now;
                }
            });
        }
    });
    EXPECT_GE(moves, 200);
}

TEST_P(spawn, bad_stack_size_names_the_value_and_the_bounds) {
    run([] {
        for (const std::size_t size :
             {std::size_t{1}, std::size_t{16383}, (std::size_t{1} << 30) + 1}) {
            try {
                mioco::spawn({.stack_size_bytes = size}, [] {});
                ADD_FAILURE() << size << " was accepted";
            } catch (const std::invalid_argument& e) {
                const std::string text = e.what();
                EXPECT_NE(text.find("spawn_options::stack_size_bytes"), std::string::npos) << text;
                EXPECT_NE(text.find(std::to_string(size)), std::string::npos) << text;
                EXPECT_NE(text.find("16384"), std::string::npos) << text;
            }
        }
    });
}

TEST(default_runtime, spawn_from_a_plain_thread_starts_it) {
    flag ran;
    mioco_test::thread([&] {
        mioco::spawn([&] {
            EXPECT_TRUE(mioco::this_fiber::in_fiber());
            ran.raise();
        });
    }).join();
    ran.await();
}

TEST(default_runtime, is_one_for_all_threads) {
    const auto workers_seen_on_a_thread = [] {
        unsigned count = 0;
        mioco_test::thread([&] {
            count = mioco::spawn(mioco::this_fiber::worker_count).join();
        }).join();
        return count;
    };
    const auto first = workers_seen_on_a_thread();
    EXPECT_GE(first, 1U);
    EXPECT_EQ(workers_seen_on_a_thread(), first);
    // Threads of runtimes that have ended may stand in /proc for a moment more.
    while (mioco_test::threads_named("mioco_").size() != first) mioco_test::yield_thread();
}

}  // namespace
