// SPDX-License-Identifier: MPL-2.0
// The original's tests of locks, by name.
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;

class locks : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(locks);

// Waits by looking again and again until the counter is no longer zero, and counts.
template <class Lock, class ReadLock>
void poll_and_count(Lock& guard, unsigned& counter) {
    for (;;) {
        {
            const ReadLock held(guard);
            if (counter != 0) break;
        }
        mioco::sleep_for(10ms);
    }
    const std::unique_lock held(guard);
    ++counter;
}

template <class Lock, class ReadLock>
void expect_counted(unsigned workers, bool threads_too) {
    Lock guard;
    unsigned counter = 0;
    const unsigned each_kind = 4 * workers;
    std::vector<mioco_test::thread> outside;
    if (threads_too) {
        for (unsigned i = 0; i < each_kind; ++i)
            outside.emplace_back([&] { poll_and_count<Lock, ReadLock>(guard, counter); });
    }
    mioco::run(mioco::config{}.workers(workers), [&] {
        for (unsigned i = 0; i < each_kind; ++i)
            mioco::spawn([&] { poll_and_count<Lock, ReadLock>(guard, counter); });
        mioco::sleep_for(200ms);
        const std::unique_lock held(guard);
        counter = 1;
    });
    for (auto& each : outside) each.join();
    EXPECT_EQ(counter, (threads_too ? 2 : 1) * each_kind + 1);
}

using mutex_lock = std::unique_lock<mioco::mutex>;
using reading_lock = std::shared_lock<mioco::shared_mutex>;

TEST_P(locks, simple_mutex) { expect_counted<mioco::mutex, mutex_lock>(GetParam(), false); }

TEST_P(locks, simple_rwlock) {
    expect_counted<mioco::shared_mutex, reading_lock>(GetParam(), false);
}

TEST_P(locks, simple_mutex_supports_inside_and_outside) {
    expect_counted<mioco::mutex, mutex_lock>(GetParam(), true);
}

TEST_P(locks, simple_rwlock_supports_inside_and_outside) {
    expect_counted<mioco::shared_mutex, reading_lock>(GetParam(), true);
}

}  // namespace
