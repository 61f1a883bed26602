// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <cerrno>
#include <chrono>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "base/sys.hpp"
#include "sched/current.hpp"
#include "sched/worker.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"

// Compilers take it for granted that a function begins and ends on one thread, and keep the addresses
// of thread-locals, of errno and of the exception state across calls. A fiber that has parked may be
// on another thread. These canaries die when something of the library is kept so; they are built
// at -O3, and move their fibers at each resume.

namespace {

class thread_state : public mioco_test::on_workers {
protected:
    // Runs `body` in some fibers that keep changing their threads.
    template <class F>
    static void on_moving_fibers(F body) {
        const mioco_test::scoped_environment unset("MIOCO_MIGRATE", nullptr);
        mioco::run(settings().migrate(mioco::migration::always), [&] {
            std::vector<mioco::join_handle<void>> fibers;
            for (int i = 0; i < 20; ++i) fibers.push_back(mioco::spawn(body, i));
            for (auto& each : fibers) each.join();
        });
    }
};
MIOCO_ON_WORKER_COUNTS(thread_state);

// Which thread each worker runs on, as it has shown itself.
class threads_of_workers {
public:
    [[nodiscard]] bool agree(const void* worker, pid_t thread) {
        const std::scoped_lock held(guard_);
        return known_.emplace(worker, thread).first->second == thread;
    }
    [[nodiscard]] std::size_t count() const { return known_.size(); }

private:
    std::mutex guard_;
    std::map<const void*, pid_t> known_;
};

TEST_P(thread_state, accessor_is_read_anew_after_each_switch) {
    threads_of_workers seen;
    std::atomic<int> moves = 0;
    const int wanted_moves = GetParam() > 1 ? 200 : 0;
    on_moving_fibers([&](int) {
        pid_t last = 0;
        for (int i = 0; i < 100 || moves < wanted_moves; ++i) {
            const auto* const before = mioco::detail::current_thread().on_worker;
            mioco::yield();
            const auto* const after = mioco::detail::current_thread().on_worker;
            const pid_t thread = mioco_test::thread_number();
            ASSERT_TRUE(seen.agree(after, thread));
            if (thread == last) {
                ASSERT_EQ(after, before);
            } else if (last != 0) {
                ASSERT_NE(after, before);
                ++moves;
            }
            last = thread;
        }
    });
    EXPECT_LE(seen.count(), GetParam());
}

TEST_P(thread_state, running_fiber_is_the_one_that_asks) {
    on_moving_fibers([](int) {
        const auto id = mioco::this_fiber::id();
        const auto* const self = mioco::detail::current_fiber();
        for (int i = 0; i < 100; ++i) {
            mioco::yield();
            ASSERT_EQ(mioco::detail::current_fiber(), self);
            ASSERT_EQ(mioco::this_fiber::id(), id);
            ASSERT_TRUE(mioco::this_fiber::in_fiber());
        }
    });
}

[[gnu::noinline]] void spoil_errno(int value) { errno = value; }

TEST_P(thread_state, system_calls_report_the_error_of_their_own_thread) {
    on_moving_fibers([](int number) {
        for (int i = 0; i < 100; ++i) {
            char byte = 0;
            ASSERT_EQ(mioco::detail::sys::read(-1, &byte, 1), -EBADF);
            spoil_errno(1000 + number);
            mioco::yield();
            ASSERT_EQ(mioco::detail::sys::write(-1, &byte, 1), -EBADF);
            ASSERT_EQ(mioco::detail::sys::bind(0x7fffffff, nullptr, 0), -EBADF);
        }
    });
}

TEST_P(thread_state, exception_state_is_that_of_the_fiber) {
    on_moving_fibers([](int number) {
        for (int i = 0; i < 30; ++i) {
            ASSERT_EQ(std::uncaught_exceptions(), 0);
            try {
                throw number;
            } catch (int caught) {
                const auto before = std::current_exception();
                mioco::yield();
                ASSERT_EQ(caught, number);
                ASSERT_TRUE(std::current_exception() == before);
            }
            mioco::yield();
            ASSERT_TRUE(std::current_exception() == nullptr);
        }
    });
}

TEST_P(thread_state, of_threads_that_wait_is_their_own) {
    mioco::runtime rt(settings());
    std::vector<std::thread> threads;
    std::mutex guard;
    std::map<const void*, int> blocks;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i) rt.spawn([] { mioco::yield(); }).join();
            EXPECT_EQ(mioco::detail::current_thread().on_worker, nullptr);
            const void* const block = mioco::detail::current_thread().blocked_thread;
            if (block == nullptr) return;  // each fiber had ended before it was joined
            const std::scoped_lock held(guard);
            ++blocks[block];
        });
    }
    for (auto& each : threads) each.join();
}

}  // namespace
