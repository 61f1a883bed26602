// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include <sys/resource.h>

#include "fiber/blocked_thread.hpp"
#include "support/descriptor_limit.hpp"

// A thread whose process allows itself no descriptor any more, as some do when they have all they need. poll(2) then refuses even the
// one that the thread waits with.

namespace {

using namespace std::chrono_literals;
using mioco_test::descriptor_limit;

// Until it has waited indeed: the time may be over before the thread comes to that.
void wait_once() {
    while (mioco::detail::blocked_thread().thread_wakeup_fd < 0)
        EXPECT_EQ(mioco::select(mioco::after(1ms)).index(), 0U);
}

class sandboxed : public testing::TestWithParam<rlim_t> {
protected:
    /// `prepare` and `end` are run on another thread, the second when this one has waited for a while in `wait`.
    static void beside(const std::function<void()>& prepare, const std::function<void()>& end,
                       const std::function<void()>& wait) {
        std::atomic<bool> prepared{false};
        std::atomic<bool> limited{false};
        std::thread other([&] {
            wait_once();
            prepare();
            prepared = true;
            while (!limited) std::this_thread::yield();
            std::this_thread::sleep_for(30ms);
            end();
        });
        wait_once();
        while (!prepared) std::this_thread::yield();
        {
            const descriptor_limit none(GetParam());
            limited = true;
            wait();
        }
        other.join();
    }
};

TEST_P(sandboxed, a_thread_has_the_mutex_when_it_has_waited_for_it) {
    mioco::mutex guard;
    std::atomic<bool> is_out{false};
    beside([&] { guard.lock(); }, [&] { is_out = true, guard.unlock(); },
           [&] {
               guard.lock();
               EXPECT_TRUE(is_out);
               guard.unlock();
               const std::scoped_lock held(guard);
           });
}

TEST_P(sandboxed, a_thread_gets_the_item_that_it_waits_for) {
    auto [in, out] = mioco::channel<int>(1);
    beside([] {}, [&in = in] { in.send(7); }, [&out = out] { EXPECT_EQ(out.recv(), 7); });
}

TEST_P(sandboxed, a_threads_deadline_comes) {
    mioco::condition_variable never;
    mioco::mutex guard;
    const descriptor_limit restored(64);
    wait_once();
    const descriptor_limit none(GetParam());
    std::unique_lock held(guard);
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(never.wait_for(held, 30ms), std::cv_status::timeout);
    EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
}

INSTANTIATE_TEST_SUITE_P(to, sandboxed, testing::Values(1U, 0U));

}  // namespace
