// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"
#include "support/flag.hpp"
#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::flag;
using mioco_test::run_in_fibers_and_threads;

class locks : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(locks);

TEST_P(locks, a_mutex_excludes_fibers_and_threads) {
    mioco::mutex guard;
    int counter = 0;
    constexpr int rounds = 300;
    run_in_fibers_and_threads(GetParam(), 8, 4, [&] {
        for (int i = 0; i < rounds; ++i) {
            const std::scoped_lock held(guard);
            const int before = counter;
            if (i % 16 == 0) mioco::yield();
            counter = before + 1;
        }
    });
    EXPECT_EQ(counter, 12 * rounds);
}

// On one worker, where a fiber that has run to its lock is in line.
TEST(lock_order, a_mutex_is_handed_to_fibers_in_turn) {
    mioco::run(mioco::config{}.workers(1), [] {
        mioco::mutex guard;
        std::vector<int> order;
        std::vector<mioco::join_handle<void>> all;
        guard.lock();
        for (int i = 0; i < 10; ++i) {
            flag comes;
            all.push_back(mioco::spawn([&, i] {
                comes.raise();
                const std::scoped_lock held(guard);
                order.push_back(i);
                mioco::yield();
            }));
            comes.await();
        }
        guard.unlock();
        guard.lock();
        EXPECT_EQ(order.size(), 10U) << "who comes last has passed others";
        guard.unlock();
        for (auto& each : all) each.join();
        EXPECT_TRUE(std::ranges::is_sorted(order));
    });
}

// Each comes when those before it are in line.
template <class Wait>
void come_one_after_another(int count, std::vector<mioco::join_handle<void>>& all, Wait wait) {
    for (int i = 0; i < count; ++i) {
        flag comes;
        all.push_back(mioco::spawn([&comes, wait, i] {
            comes.raise();
            wait(i);
        }));
        comes.await();
    }
}

TEST(lock_order, permits_are_given_to_fibers_in_turn) {
    mioco::run(mioco::config{}.workers(1), [] {
        mioco::counting_semaphore<> permits(0);
        std::vector<int> order;
        std::vector<mioco::join_handle<void>> all;
        come_one_after_another(10, all, [&](int number) {
            permits.acquire();
            order.push_back(number);
        });
        int given = 0;
        for (const int several : {1, 3, 1, 5}) {
            permits.release(several);
            EXPECT_FALSE(permits.try_acquire()) << "those in line have them";
            given += several;
            mioco_test::wait_for([&] { return std::ssize(order) == given; });
            // Those that are woken at once may run in any order.
            EXPECT_EQ(std::ranges::max(order), given - 1);
        }
        for (auto& each : all) each.join();
    });
}

TEST(lock_order, writers_are_let_in_in_turn_and_before_readers) {
    mioco::run(mioco::config{}.workers(1), [] {
        mioco::shared_mutex guard;
        std::vector<int> order;
        std::vector<mioco::join_handle<void>> all;
        guard.lock();
        come_one_after_another(3, all, [&](int number) {
            const std::shared_lock held(guard);
            order.push_back(10 + number);
        });
        come_one_after_another(5, all, [&](int number) {
            const std::unique_lock held(guard);
            order.push_back(number);
            mioco::yield();
        });
        guard.unlock();
        for (auto& each : all) each.join();
        std::sort(order.begin() + 5, order.end());  // readers are let in at once
        EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4, 10, 11, 12}));
    });
}

// The thread is woken to try for it, which takes long.
TEST(lock_order, who_comes_later_passes_no_fiber_behind_a_thread) {
    mioco::run(mioco::config{}.workers(1), [] {
        mioco::mutex guard;
        std::vector<int> order;
        guard.lock();
        flag begins;
        mioco_test::thread before([&] {
            begins.raise();
            const std::scoped_lock held(guard);
        });
        begins.await_computing();
        mioco::sleep_for(
            10ms);  // without it the thread would not be in line yet, which proves less
        bool tries = false;
        auto second = mioco::spawn([&] {
            tries = true;
            const std::scoped_lock held(guard);
            order.push_back(2);
        });
        while (!tries) mioco::yield();
        guard.unlock();
        {
            const std::scoped_lock held(guard);
            order.push_back(3);
        }
        second.join();
        before.join();
        EXPECT_EQ(order, (std::vector{2, 3}));
    });
}

// Many fibers that hand it to each other do not keep a thread out.
TEST(lock_order, a_thread_gets_its_turn_among_fibers) {
    mioco::run(mioco::config{}.workers(1), [] {
        mioco::mutex guard;
        flag had;
        mioco_test::thread waits([&] {
            const std::scoped_lock held(guard);
            had.raise();
        });
        std::vector<mioco::join_handle<void>> all;
        for (int i = 0; i < 4; ++i) {
            all.push_back(mioco::spawn([&] {
                while (!had.is_raised()) {
                    const std::scoped_lock held(guard);
                    mioco::yield();
                }
            }));
        }
        for (auto& each : all) each.join();
        waits.join();
    });
}

TEST_P(locks, a_mutex_meets_the_standards_requirements) {
    run([] {
        mioco::mutex first;
        mioco::mutex second;
        std::unique_lock deferred(first, std::defer_lock);
        EXPECT_TRUE(deferred.try_lock());
        EXPECT_FALSE(first.try_lock());
        EXPECT_FALSE(first.try_lock_for(1ms));
        EXPECT_FALSE(first.try_lock_until(mioco_test::now() - 1s));
        EXPECT_FALSE(first.try_lock_until(std::chrono::system_clock::now() - 1s));
        deferred.unlock();
        EXPECT_TRUE(deferred.try_lock_for(1h));
        deferred.unlock();
        auto other = mioco::spawn([&] {
            for (int i = 0; i < 100; ++i) {
                const std::scoped_lock both(second, first);
                mioco::yield();
            }
        });
        for (int i = 0; i < 100; ++i) {
            const std::scoped_lock both(first, second);
            mioco::yield();
        }
        other.join();
        EXPECT_EQ(std::try_lock(first, second), -1);
        first.unlock();
        second.unlock();
    });
}

TEST_P(locks, a_mutex_may_be_held_across_waits_and_unlocked_on_another_thread) {
    run([] {
        mioco::mutex guard;
        int inside = 0;
        std::vector<mioco::join_handle<void>> all;
        for (int i = 0; i < 16; ++i) {
            all.push_back(mioco::spawn([&] {
                for (int n = 0; n < 20; ++n) {
                    const std::scoped_lock held(guard);
                    EXPECT_EQ(++inside, 1);
                    mioco::sleep_for(1us);
                    --inside;
                }
            }));
        }
        for (auto& each : all) each.join();
    });
}

TEST_P(locks, a_mutex_is_a_case_of_select) {
    run([] {
        mioco::mutex guard;
        {
            auto event = mioco::select(guard.locking(), mioco::after(1h));
            ASSERT_EQ(event.index(), 0U);
            EXPECT_TRUE(std::get<0>(event).owns_lock());
            EXPECT_EQ(mioco::select(guard.locking(), mioco::after(1ms)).index(), 1U);
            auto waiting = mioco::spawn([&] {
                return std::get<0>(mioco::select(guard.locking(), mioco::after(1h))).owns_lock();
            });
            mioco::sleep_for(1ms);
            std::get<0>(event).unlock();
            EXPECT_TRUE(waiting.join());
        }
        EXPECT_TRUE(guard.try_lock());
        guard.unlock();
    });
}

TEST_P(locks, a_fiber_that_is_stopped_still_gets_its_mutex) {
    mioco::mutex guard;
    guard.lock();
    flag waits;
    flag had;
    mioco::runtime stopped(settings());
    auto locking = stopped.spawn([&] {
        waits.raise();
        const std::scoped_lock held(guard);
        had.raise();
    });
    waits.await();
    stopped.stop();
    mioco_test::block_for(1ms);
    EXPECT_FALSE(had.is_raised());
    guard.unlock();
    locking.join();
    EXPECT_TRUE(had.is_raised());
}

TEST_P(locks, a_shared_mutex_lets_readers_in_together_and_writers_alone) {
    mioco::shared_mutex guard;
    std::atomic<int> readers{0};
    std::atomic<bool> writes{false};
    std::atomic<int> number{0};
    int value = 0;
    run_in_fibers_and_threads(GetParam(), 8, 4, [&] {
        const bool writer = ++number % 4 == 0;
        for (int i = 0; i < 200; ++i) {
            if (writer) {
                const std::unique_lock held(guard);
                EXPECT_FALSE(writes.exchange(true));
                EXPECT_EQ(readers, 0);
                ++value;
                if (i % 8 == 0) mioco::yield();
                writes = false;
            } else {
                const std::shared_lock held(guard);
                ++readers;
                EXPECT_FALSE(writes);
                if (i % 8 == 0) mioco::yield();
                --readers;
            }
        }
    });
    EXPECT_EQ(value, 3 * 200);
}

TEST_P(locks, a_writer_that_waits_keeps_new_readers_out) {
    run([] {
        mioco::shared_mutex guard;
        guard.lock_shared();
        flag comes;
        auto writer = mioco::spawn([&] {
            comes.raise();
            const std::unique_lock held(guard);
        });
        comes.await();
        while (guard.try_lock_shared()) {
            guard.unlock_shared();
            mioco::yield();
        }
        EXPECT_FALSE(guard.try_lock_shared_for(1ms));
        guard.unlock_shared();
        writer.join();
        EXPECT_TRUE(guard.try_lock_shared());
        EXPECT_FALSE(guard.try_lock());
        guard.unlock_shared();
    });
}

TEST_P(locks, a_writer_that_gives_up_lets_readers_in) {
    run([] {
        mioco::shared_mutex guard;
        guard.lock_shared();
        flag comes;
        auto writer = mioco::spawn([&] {
            comes.raise();
            EXPECT_FALSE(guard.try_lock_for(20ms));
        });
        comes.await();
        auto reader = mioco::spawn([&] {
            const std::shared_lock held(guard, 1h);
            EXPECT_TRUE(held.owns_lock());
        });
        reader.join();
        writer.join();
        guard.unlock_shared();
    });
}

TEST_P(locks, something_is_done_once) {
    mioco::once_flag once;
    std::atomic<int> calls{0};
    std::atomic<int> seen{0};
    run_in_fibers_and_threads(GetParam(), 8, 4, [&] {
        mioco::call_once(once, [&] {
            mioco::sleep_for(1ms);
            ++calls;
        });
        seen += calls;
    });
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(seen, 12);
}

TEST_P(locks, what_failed_is_done_by_the_next) {
    run([] {
        mioco::once_flag once;
        std::atomic<int> failures{0};
        int calls = 0;
        std::vector<mioco::join_handle<void>> all;
        for (int i = 0; i < 8; ++i) {
            all.push_back(mioco::spawn([&] {
                try {
                    mioco::call_once(once, [&] {
                        mioco::yield();
                        if (++calls < 4) throw std::runtime_error("not yet");
                    });
                } catch (const std::runtime_error&) {
                    ++failures;
                }
            }));
        }
        for (auto& each : all) each.join();
        EXPECT_EQ(calls, 4);
        EXPECT_EQ(failures, 3);
    });
}

TEST(lock_order, who_tries_again_and_again_lets_the_holder_run) {
    mioco::run(mioco::config{}.workers(1), [] {
        const auto hold_and_try = [](auto take, auto try_take, auto give) {
            take();
            auto trying = mioco::spawn([=] {
                while (!try_take()) continue;
                give();
            });
            mioco::yield();
            give();
            trying.join();
        };
        mioco::mutex guard;
        mioco::shared_mutex shared;
        hold_and_try([&] { guard.lock(); }, [&] { return guard.try_lock(); },
                     [&] { guard.unlock(); });
        hold_and_try([&] { shared.lock(); }, [&] { return shared.try_lock(); },
                     [&] { shared.unlock(); });
        hold_and_try([&] { shared.lock_shared(); }, [&] { return shared.try_lock_shared(); },
                     [&] { shared.unlock_shared(); });
        shared.lock();
        auto reading = mioco::spawn([&] {
            while (!shared.try_lock_shared()) continue;
            shared.unlock_shared();
        });
        mioco::yield();
        shared.unlock();
        reading.join();
    });
}

TEST(lock_order, who_looks_under_a_lock_again_and_again_lets_others_run) {
    mioco::run(mioco::config{}.workers(1), [] {
        mioco::mutex guard;
        bool done = false;
        auto looking = mioco::spawn([&] {
            for (;;) {
                const std::scoped_lock held(guard);
                if (done) return;
            }
        });
        mioco::yield();
        {
            const std::scoped_lock held(guard);
            done = true;
        }
        looking.join();
    });
}

}  // namespace
