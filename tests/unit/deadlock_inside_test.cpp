// SPDX-License-Identifier: MPL-2.0
// Deadlocks of fibers that other code of the process could wake too, if there were any.
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <mioco/mioco.hpp>

#include "support/process.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::captured_stderr;
using mioco_test::count_of;

constexpr const char* reported = "mioco: deadlock: ";

// The one who stops a runtime when its report is there: a signal, as a thread would be somebody who could wake a fiber.
// A worker may take one late, and is joined before its runtime goes.
std::atomic<mioco::runtime*> stopped_by_alarm = nullptr;

void stop_if_reported(int) {
    struct stat written{};
    if (fstat(STDERR_FILENO, &written) != 0 || written.st_size == 0) return;
    if (mioco::runtime* const reporting = stopped_by_alarm) reporting->stop();
}

void every(suseconds_t microseconds) {
    const itimerval interval{{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &interval, nullptr);
}

void once_after(suseconds_t microseconds) {
    const itimerval once{{}, {0, microseconds}};
    setitimer(ITIMER_REAL, &once, nullptr);
}

class deadlock_inside : public mioco_test::on_workers {
protected:
    /// What a runtime says in which `f` runs until it is stopped after a report.
    template <class F>
    static std::string report_of(F f) {
        const captured_stderr said;
        mioco::runtime rt(settings());
        stopped_by_alarm = &rt;
        std::signal(SIGALRM, &stop_if_reported);
        every(5'000);
        EXPECT_THROW(rt.run(f), std::system_error);
        every(0);
        stopped_by_alarm = nullptr;
        return said.text();
    }
};
MIOCO_ON_WORKER_COUNTS(deadlock_inside);

// Which are threads of the process, but wake nobody.
TEST_P(deadlock_inside, is_found_though_the_kernel_has_threads_for_files) {
    const std::string text = report_of([] {
        mioco::fs::file::adopt(memfd_create("mioco", MFD_CLOEXEC)).flush();
        auto [to, from] = mioco::channel<int>(1);
        static_cast<void>(from.recv());
    });
    EXPECT_EQ(count_of(reported, text), 1U) << text;
}

// Locking is no cancellation point, so nothing ends these but the process.
void lock_crosswise(unsigned workers) {
    static std::atomic<off_t> seen = 0;  // any thread takes the signal
    std::signal(SIGALRM, [](int) {
        struct stat written{};
        const bool known = fstat(STDERR_FILENO, &written) == 0 && written.st_size > 0;
        if (known && written.st_size == seen.exchange(written.st_size)) _exit(0);
    });
    every(20'000);
    mioco::run(mioco::config{}.workers(workers), [] {
        mioco::mutex a;
        mioco::mutex b;
        mioco::barrier both(2);
        auto other = mioco::spawn([&] {
            const std::scoped_lock mine(a);
            both.arrive_and_wait();
            const std::scoped_lock crossed(b);
        });
        const std::scoped_lock mine(b);
        both.arrive_and_wait();
        const std::scoped_lock crossed(a);
    });
}

TEST_P(deadlock_inside, over_two_mutexes_is_reported) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(lock_crosswise(GetParam()), testing::ExitedWithCode(0),
                "deadlock: all 2 fibers.*waits for lock.*waits for lock");
}

TEST_P(deadlock_inside, over_a_mutex_of_its_own_is_reported) {
    const std::string said = report_of([] {
        auto guard = std::make_shared<mioco::mutex>();
        guard->lock();
        auto waits = mioco::spawn([guard] {
            guard->lock();
            guard->unlock();
        });
        try {
            waits.join();
        } catch (const mioco::fiber_cancelled&) {
            guard->unlock();
            throw;
        }
    });
    EXPECT_EQ(count_of(reported + std::string("all 2 fibers"), said), 1U) << said;
    EXPECT_EQ(count_of("waits for lock", said), 1U) << said;
    EXPECT_EQ(count_of("\"main\" of mioco: waits for join", said), 1U) << said;
}

TEST_P(deadlock_inside, over_a_channel_whose_sender_the_receiver_keeps_is_reported) {
    const std::string said = report_of([] {
        auto [in, out] = mioco::channel<int>(1);
        static_cast<void>(out.recv());
    });
    EXPECT_EQ(
        count_of("deadlock: the only fiber of a runtime waits, and nothing can wake it", said), 1U)
        << said;
    EXPECT_EQ(count_of("waits for receive", said), 1U) << said;
}

TEST_P(deadlock_inside, over_a_condition_that_nobody_notifies_is_reported) {
    const std::string said = report_of([] {
        mioco::mutex guard;
        mioco::condition_variable never_notified;
        std::unique_lock held(guard);
        never_notified.wait(held);
    });
    EXPECT_EQ(
        count_of("deadlock: the only fiber of a runtime waits, and nothing can wake it", said), 1U)
        << said;
    EXPECT_EQ(count_of("waits for condition", said), 1U) << said;
}

TEST_P(deadlock_inside, is_reported_though_the_pool_has_idle_threads) {
    const std::string said = report_of([] {
        EXPECT_EQ(mioco::offload([] { return 3; }), 3);
        mioco::event nobody;
        nobody.wait();
    });
    EXPECT_EQ(count_of(reported, said), 1U) << said;
}

// None of these may look like one.
class no_deadlock_inside : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(no_deadlock_inside);

TEST_P(no_deadlock_inside, while_a_plain_thread_can_send) {
    const captured_stderr said;
    auto [in, out] = mioco::channel<int>(0);
    std::thread sends([in = std::move(in)] {
        for (int i = 0; i < 5; ++i) {
            std::this_thread::sleep_for(20ms);
            in.send(i);
        }
    });
    run([out = std::move(out)] {
        int next = 0;
        for (const int item : out) EXPECT_EQ(item, next++);
        EXPECT_EQ(next, 5);
    });
    sends.join();
    EXPECT_EQ(said.text(), "");
}

TEST_P(no_deadlock_inside, while_the_plain_thread_is_the_one_that_made_the_runtime) {
    const captured_stderr said;
    mioco::event go;
    mioco::runtime rt(settings());
    auto waits = rt.spawn([&] { go.wait(); });
    for (int i = 0; i < 10; ++i) rt.spawn([] { mioco::sleep_for(2ms); }).join();
    go.notify();
    waits.join();
    EXPECT_EQ(said.text(), "");
}

TEST_P(no_deadlock_inside, while_a_job_runs_a_time_comes_or_a_descriptor_is_in_the_select) {
    const captured_stderr said;
    run([] {
        mioco::event job_done;
        mioco::spawn([&] {
            mioco::offload([] { std::this_thread::sleep_for(30ms); });
            job_done.notify();
        });
        job_done.wait();
        mioco::event nobody;
        EXPECT_FALSE(nobody.wait_for(20ms));
        auto [reads, writes] = mioco::pipe();
        mioco::spawn([w = std::move(writes)]() mutable {
            mioco::sleep_for(20ms);
            w.write_all(std::string_view("x"));
        });
        EXPECT_EQ(mioco::select(reads.readable(), nobody.waiting()).index(), 0U);
    });
    EXPECT_EQ(said.text(), "");
}

TEST_P(no_deadlock_inside, while_another_runtime_can_wake) {
    const captured_stderr said;
    mioco::event go;
    mioco::run(settings(), [&] {
        mioco::runtime other(settings());
        auto sends = other.spawn([&] {
            mioco::sleep_for(30ms);
            go.notify();
        });
        go.wait();
        sends.join();
    });
    EXPECT_EQ(said.text(), "");
}

TEST_P(no_deadlock_inside, while_a_signal_is_to_stop_the_runtime) {
    const captured_stderr said;
    std::signal(SIGALRM, SIG_IGN);
    EXPECT_THROW(run([] {
                     mioco::stop_on_signal(SIGALRM);
                     once_after(50'000);  // a second one would end the process
                     mioco::event nobody;
                     nobody.wait();
                 }),
                 std::system_error);
    EXPECT_EQ(said.text(), "");
}

}  // namespace
