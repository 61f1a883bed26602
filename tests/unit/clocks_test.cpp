// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <iterator>
#include <mutex>
#include <shared_mutex>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/anywhere.hpp"

// Deadlines on other clocks than the monotonic one, as the standard's locks have them.

namespace {

using namespace std::chrono_literals;

/// A clock on which time passes from look to look. While somebody waits for 1 ms it is set back by half of that.
struct wall_clock {
    using duration = std::chrono::microseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<wall_clock>;
    [[maybe_unused]] static constexpr bool is_steady = false;

    static time_point now() {
        constexpr duration seen[] = {0us, 0us, 500us, 500us, 1000us};
        return time_point(1h + seen[std::min<std::size_t>(looks++, std::size(seen) - 1)]);
    }
    static std::size_t looks;
};
std::size_t wall_clock::looks = 0;

class clocks : public mioco_test::anywhere {
protected:
    /// `wait` waits until a time, and tells whether it got what it waits for, which never comes.
    static void runs_out(const std::function<bool(wall_clock::time_point)>& wait) {
        inside([&] {
            EXPECT_FALSE(wait(wall_clock::time_point::min()));
            wall_clock::looks = 0;
            EXPECT_FALSE(wait(wall_clock::now() + 1ms));
            EXPECT_EQ(wall_clock::looks, 5U);
        });
    }
};

MIOCO_ANYWHERE(clocks);

TEST_P(clocks, a_mutex_is_waited_for_until_a_time_of_any) {
    mioco::mutex guard;
    ASSERT_TRUE(guard.try_lock());
    runs_out([&](auto deadline) { return std::unique_lock(guard, deadline).owns_lock(); });
    guard.unlock();
    EXPECT_TRUE(std::unique_lock(guard, wall_clock::time_point::max()).owns_lock());
    EXPECT_TRUE(std::unique_lock(guard, std::chrono::system_clock::now() + 1h).owns_lock());
}

TEST_P(clocks, a_shared_mutex_is_waited_for_until_a_time_of_any) {
    mioco::shared_mutex guard;
    ASSERT_TRUE(guard.try_lock());
    runs_out([&](auto deadline) { return std::unique_lock(guard, deadline).owns_lock(); });
    runs_out([&](auto deadline) { return std::shared_lock(guard, deadline).owns_lock(); });
    guard.unlock();
    EXPECT_TRUE(std::shared_lock(guard, std::chrono::system_clock::now() + 1h).owns_lock());
    EXPECT_TRUE(std::unique_lock(guard, std::chrono::system_clock::now() + 1h).owns_lock());
}

TEST_P(clocks, a_permit_is_waited_for_until_a_time_of_any) {
    mioco::binary_semaphore permit(0);
    runs_out([&](auto deadline) { return permit.try_acquire_until(deadline); });
    permit.release();
    EXPECT_TRUE(permit.try_acquire_until(std::chrono::system_clock::now() + 1h));
}

TEST_P(clocks, a_condition_is_waited_for_until_a_time_of_any) {
    mioco::mutex guard;
    mioco::condition_variable never;
    runs_out([&](auto deadline) {
        std::unique_lock held(guard);
        return never.wait_until(held, deadline, [] { return false; });
    });
}

// As the standard's: whoever waits looks whether it is time.
TEST_P(clocks, one_that_is_set_back_ends_a_wait_for_a_condition_as_a_notification_does) {
    mioco::mutex guard;
    mioco::condition_variable never;
    inside([&] {
        std::unique_lock held(guard);
        wall_clock::looks = 0;
        const auto deadline = wall_clock::now() + 1ms;
        EXPECT_EQ(never.wait_until(held, deadline), std::cv_status::no_timeout);
        EXPECT_EQ(never.wait_until(held, deadline), std::cv_status::timeout);
    });
}

TEST_P(clocks, a_sleep_lasts_until_a_time_of_any) {
    runs_out([](auto deadline) {
        mioco::sleep_until(deadline);
        return false;
    });
    mioco::sleep_until(std::chrono::system_clock::now());
}

}  // namespace
