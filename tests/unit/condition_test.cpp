// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
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
using mioco_test::beside;
using mioco_test::flag;
using mioco_test::run_in_fibers_and_threads;

class conditions : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(conditions);

TEST_P(conditions, are_told_to_one_or_to_all) {
    std::mutex native;
    mioco::mutex guard;
    mioco::condition_variable changed;
    int tickets = 0;
    std::atomic<int> served{0};
    mioco_test::thread giving([&] {
        for (int i = 0; i < 12 * 50; ++i) {
            {
                const std::scoped_lock held(guard);
                ++tickets;
            }
            changed.notify_one();
        }
    });
    run_in_fibers_and_threads(GetParam(), 8, 4, [&] {
        for (int i = 0; i < 50; ++i) {
            std::unique_lock held(guard);
            changed.wait(held, [&] { return tickets > 0; });
            --tickets;
            ++served;
        }
    });
    giving.join();
    EXPECT_EQ(served, 12 * 50);

    bool open = false;
    mioco_test::thread opening([&] {
        {
            const std::scoped_lock held(native);
            open = true;
        }
        changed.notify_all();
    });
    run([&] {
        std::vector<mioco::join_handle<void>> all;
        for (int i = 0; i < 8; ++i) {
            all.push_back(mioco::spawn([&] {
                std::unique_lock held(native);
                changed.wait(held, [&] { return open; });
            }));
        }
        for (auto& each : all) each.join();
    });
    opening.join();
}

TEST_P(conditions, have_deadlines) {
    run([] {
        mioco::mutex guard;
        mioco::condition_variable never;
        std::unique_lock held(guard);
        EXPECT_EQ(never.wait_for(held, 1ms), std::cv_status::timeout);
        EXPECT_TRUE(held.owns_lock());
        EXPECT_FALSE(guard.try_lock());
        EXPECT_FALSE(never.wait_for(held, 1ms, [] { return false; }));
        EXPECT_TRUE(never.wait_for(held, 1h, [] { return true; }));
        EXPECT_EQ(never.wait_until(held, mioco_test::now() - 1s), std::cv_status::timeout);
    });
}

TEST_P(conditions, a_stop_ends_a_wait_for_a_condition_with_the_lock_held) {
    mioco::mutex guard;
    mioco::condition_variable never;
    flag waits;
    bool locked_again = false;
    mioco::runtime stopped(settings());
    auto waiting = stopped.spawn([&] {
        std::unique_lock held(guard);
        waits.raise();
        try {
            never.wait(held);
        } catch (const mioco::fiber_cancelled&) {
            locked_again = !guard.try_lock();
            throw;
        }
    });
    waits.await();
    {
        const std::scoped_lock after_it_waits(guard);
    }
    stopped.stop();
    EXPECT_EQ(mioco_test::error_of([&] { waiting.join(); }), std::errc::operation_canceled);
    EXPECT_TRUE(locked_again);
}

TEST_P(conditions, may_go_as_soon_as_all_are_notified) {
    run([] {
        for (int i = 0; i < 200; ++i) {
            mioco::mutex guard;
            auto going = std::make_unique<mioco::condition_variable>();
            bool told = false;
            int waits = 0;
            const auto wait = [&, &changed = *going] {
                std::unique_lock held(guard);
                ++waits;
                while (!told) changed.wait(held);
            };
            beside one(wait);
            beside other(wait);
            for (bool both = false; !both;) {
                mioco::yield();
                const std::scoped_lock held(guard);
                both = waits == 2;
                if (!both) continue;
                told = true;
                going->notify_all();
                going.reset();
            }
            one.join();
            other.join();
        }
    });
}

struct broken_lock {
    void lock() {}
    [[noreturn]] void unlock() { throw std::logic_error("broken"); }
};

TEST(condition, leaves_nobody_in_line_whose_lock_cannot_be_given_back) {
    mioco::condition_variable changed;
    broken_lock broken;
    EXPECT_THROW(changed.wait(broken), std::logic_error);
    changed.notify_one();
    mioco::mutex guard;
    std::unique_lock held(guard, std::defer_lock);
    EXPECT_THROW(changed.wait(held), std::system_error);
    changed.notify_all();
}

// A lock that is given back just when somebody notifies, and stops whoever waits.
struct fateful_lock {
    mioco::condition_variable& changed;
    mioco::runtime& stopped;
    void lock() {}
    void unlock() {
        changed.notify_one();
        stopped.stop();
    }
};

TEST_P(conditions, a_stop_takes_no_notification_from_others) {
    mioco::condition_variable changed;
    mioco::runtime stopped(settings());
    std::atomic<bool> notified{false};
    auto waiting = stopped.spawn([&] {
        fateful_lock fate{changed, stopped};
        changed.wait(fate);
        notified = true;
    });
    waiting.join();
    EXPECT_TRUE(notified);
}

// A lock that may be waited for at a cancellation point.
struct cancellable_lock {
    mioco::counting_semaphore<1>& of;
    void lock() { of.acquire(); }
    void unlock() { of.release(); }
};

TEST_P(conditions, a_stop_while_the_lock_is_taken_again_comes_after_it) {
    mioco::counting_semaphore<1> taken(1);
    mioco::condition_variable changed;
    flag waits;
    bool had_it = false;
    mioco::runtime stopped(settings());
    auto waiting = stopped.spawn([&] {
        cancellable_lock own{taken};
        own.lock();
        waits.raise();
        changed.wait(own);
        had_it = !taken.try_acquire();
        own.unlock();
    });
    waits.await();
    taken.acquire();
    changed.notify_one();
    stopped.stop();
    mioco_test::block_for(1ms);
    taken.release();
    waiting.join();
    EXPECT_TRUE(had_it);
}

}  // namespace
