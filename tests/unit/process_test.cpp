// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <mioco/mioco.hpp>

#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/sizes.hpp"
#include "support/workers.hpp"

// What concerns a whole process, each case in a child of its own.

namespace {

using mioco_test::counted;
using mioco_test::scoped_environment;

class process : public testing::Test {
protected:
    process() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

// The exit status of a child that `fork` makes here: 0 if it got the refusal.
template <class Use>
int refusal_after_fork(Use use) {
    const pid_t child = fork();
    if (child == 0) {
        try {
            use();
        } catch (const std::logic_error& e) {
            _exit(std::string(e.what()).find("forked child") != std::string::npos ? 0 : 2);
        }
        _exit(1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

#if !defined(MIOCO_TSAN)  // which supports no threads after a fork
TEST_F(process, forked_after_first_use_refuses_with_a_message) {
    EXPECT_EXIT(
        {
            mioco::runtime rt(mioco::config{}.workers(2));
            rt.spawn([] {}).join();
            const int made = refusal_after_fork([] { mioco::run([] {}); });
            const int spawned = refusal_after_fork([&] { rt.spawn([] {}); });
            const int from_fiber =
                rt.run([&] { return refusal_after_fork([] { mioco::spawn([] {}); }); });
            const int stoppable =
                rt.run([&] { return refusal_after_fork([] { mioco::stop_on_signal(SIGUSR2); }); });
            std::fprintf(stderr, "%d %d %d %d\n", made, spawned, from_fiber, stoppable);
            rt.stop();
            rt.wait();
            std::exit(0);
        },
        testing::ExitedWithCode(0), "^0 0 0 0\n$");
}

TEST_F(process, forked_before_first_use_runs) {
    EXPECT_EXIT(
        {
            const pid_t child = fork();
            if (child == 0) _exit(mioco::run([] { return 5; }));
            int status = -1;
            waitpid(child, &status, 0);
            std::exit(WEXITSTATUS(status));
        },
        testing::ExitedWithCode(5), "");
}

// What the child of a fiber is ended by that goes on with `rest` in it, while another fiber is ready: SIGABRT, after a message.
int end_of_child_of_fiber(void (*rest)()) {
    const pid_t parent = getpid();
    int status = -1;
    mioco::run(mioco::config{}.workers(1), [&] {
        auto other = mioco::spawn([parent] {
            mioco::yield();
            if (getpid() != parent) _exit(3);
        });
        mioco::yield();
        auto forking = mioco::spawn([&] {
            const pid_t child = fork();
            if (child == 0) return rest();
            waitpid(child, &status, 0);
        });
        forking.join();
        if (getpid() != parent) _exit(4);
        other.join();
    });
    return WIFSIGNALED(status) ? WTERMSIG(status) : 100 + WEXITSTATUS(status);
}

TEST_F(process, forked_in_a_fiber_ends_where_it_would_run_another) {
    EXPECT_EXIT(
        std::exit(end_of_child_of_fiber([] { mioco::yield(); })), testing::ExitedWithCode(SIGABRT),
        "^mioco: fiber [0-9]+ would let others run in a forked child: [^\n]*_exit[^\n]*\n$");
    EXPECT_EXIT(std::exit(end_of_child_of_fiber([] { mioco::sleep_for(std::chrono::hours(1)); })),
                testing::ExitedWithCode(SIGABRT), "would wait for sleep in a forked child");
    EXPECT_EXIT(std::exit(end_of_child_of_fiber([] { const mioco::this_fiber::no_park over; })),
                testing::ExitedWithCode(SIGABRT), "would end in a forked child");
}
#endif

void ends_a_wait_of(void (*f)()) {
    mioco::run(mioco::config{}.workers(1), [&] {
        auto victim = mioco::spawn(f);
        mioco::yield();
        victim.cancel();
        try {
            victim.join();
        } catch (const std::system_error&) {
            std::_Exit(0);  // in the midst of a fiber, whose memory would count as lost
        }
    });
    std::_Exit(1);
}

TEST_F(process, ends_where_a_cancel_would_leave_what_is_noexcept) {
    EXPECT_DEATH(ends_a_wait_of([]() noexcept { mioco::sleep_for(std::chrono::hours(1)); }),
                 "fiber_cancelled");
    EXPECT_DEATH(ends_a_wait_of([] {
                     struct last {
                         ~last() { mioco::sleep_for(std::chrono::hours(1)); }
                     };
                     const last ends_in_the_ordinary_course;
                 }),
                 "fiber_cancelled");
    EXPECT_EXIT(ends_a_wait_of([] { mioco::sleep_for(std::chrono::hours(1)); }),
                testing::ExitedWithCode(0), "^$");
}

#if !defined(MIOCO_ASAN) && !defined(MIOCO_TSAN)  // which need address space without a bound
// Leaves room for a thousand stacks or so, and for the heap.
void bound_address_space() {
    const rlim_t used_bytes = mioco_test::field_of("/proc/self/status", "VmSize") * 1024;
    const rlim_t most_bytes = used_bytes + (rlim_t{300} << 20);
    const rlimit limit{most_bytes, most_bytes};
    setrlimit(RLIMIT_AS, &limit);
}

TEST_F(process, without_memory_for_a_workers_thread_is_refused_with_what_to_do) {
    EXPECT_EXIT(
        {
            bound_address_space();
            int refused = 0;
            try {
                mioco::run(mioco::config{}.workers(1000), [] {});
            } catch (const std::system_error& e) {
                std::fprintf(stderr, "%s\n", e.what());
                refused += e.code() == std::errc::resource_unavailable_try_again ? 1 : 0;
            }
            try {
                mioco::runtime(mioco::config{}.workers(1000)).spawn([] {});
            } catch (const std::system_error&) {
                ++refused;
            }
            mioco::run(mioco::config{}.workers(2), [] { mioco::spawn([] {}).join(); });
            std::_Exit(refused);
        },
        testing::ExitedWithCode(2),
        "^mioco: worker [0-9]+ of 1000 could not get a thread \\(have fewer workers: .*\\): "
        "Resource temporarily unavailable\n$");
}

struct outcome {
    int ended = 0;
    int without_stack = 0;
    std::string message;
};

// Spawns so many that some get no stack while the others live. Those are parked until the stop.
outcome spawn_beyond_memory(mioco::runtime& rt, int count, std::atomic<int>& living) {
    std::atomic<int> started = 0;
    std::vector<mioco::join_handle<int>> fibers(static_cast<std::size_t>(count));
    rt.run([&] {
        for (int i = 0; i < count; ++i) {
            fibers[static_cast<std::size_t>(i)] = mioco::spawn([&, i, c = counted(living)] {
                ++started;
                try {
                    mioco::sleep_for(std::chrono::hours(1));
                } catch (const mioco::fiber_cancelled&) {
                }
                return i;
            });
        }
        while (started != living) mioco::sleep_for(std::chrono::milliseconds(1));
        rt.stop();
    });
    outcome result;
    for (int i = 0; i < count; ++i) {
        try {
            if (fibers[static_cast<std::size_t>(i)].join() == i) ++result.ended;
        } catch (const std::system_error& e) {
            if (e.code() == std::errc::not_enough_memory) ++result.without_stack;
            result.message = e.what();
        }
    }
    return result;
}

TEST_F(process, without_memory_for_a_stack_fails_that_fibers_join_alone) {
    for (const unsigned workers : {1U, 2U, 5U}) {
        EXPECT_EXIT(
            {
                mioco::runtime rt(mioco::config{}.workers(workers));
                rt.spawn([] {}).join();
                bound_address_space();
                std::atomic<int> living = 0;
                const outcome result = spawn_beyond_memory(rt, 3000, living);
                const bool right = result.ended > 100 && result.without_stack > 100 &&
                                   result.ended + result.without_stack == 3000 && living == 0;
                std::fprintf(stderr, "%d ended, %d without, %d alive: %s\n", result.ended,
                             result.without_stack, living.load(), result.message.c_str());
                const int after = rt.spawn([] { return 1; }).join();
                std::_Exit(right && after == 1 ? 0 : 1);
            },
            testing::ExitedWithCode(0), "no stack of 262144 bytes with a guard could be mapped");
    }
}

// Of those that the system allows, which may be a million, leaves about as many as it does by default. Pages that differ from
// their neighbours in protection are mappings of their own, and cost no memory while nobody touches them.
void use_up_mappings() {
    constexpr std::size_t left = 65'530;
    const std::size_t most = std::stoul(mioco_test::contents_of("/proc/sys/vm/max_map_count"));
    if (most <= left) return;
    if (most > 4'000'000) {
        std::fprintf(stderr, "vm.max_map_count is %zu, too many to use up; lower it\n", most);
        std::_Exit(2);
    }
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t pages = most - left;
    auto* const base = static_cast<std::byte*>(
        mmap(nullptr, pages * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    for (std::size_t i = 1; i < pages; i += 2) mprotect(base + i * page, page, PROT_READ);
}

TEST_F(process, without_memory_mappings_for_guards_fails_that_fibers_join_alone) {
    const scoped_environment guard("MIOCO_GUARD", "mprotect");
    EXPECT_EXIT(
        {
            use_up_mappings();
            std::atomic<int> living = 0;
            mioco::runtime rt(mioco::config{}.workers(2).stack_size(16384));
            const outcome result = spawn_beyond_memory(rt, 40'000, living);
            const bool right = result.ended > 20'000 && result.without_stack > 1000 &&
                               result.ended + result.without_stack == 40'000 && living == 0;
            std::fprintf(stderr, "%d ended, %d without, %d alive: %s\n", result.ended,
                         result.without_stack, living.load(), result.message.c_str());
            std::_Exit(right ? 0 : 1);
        },
        testing::ExitedWithCode(0), "vm.max_map_count \\([1-9][0-9]* now\\)");
}
#endif

class log : public process {};

TEST_F(log, lines_name_worker_and_fiber) {
    const scoped_environment on("MIOCO_LOG", "1");
    EXPECT_EXIT(
        {
            mioco::run(mioco::config{}.workers(1), [] {
                mioco::spawn({.name = "logged"}, [] {
                    // A millisecond may be over before the wait begins, but not each time.
                    for (int i = 0; i < 10; ++i) mioco::sleep_for(std::chrono::milliseconds(1));
                }).join();
            });
            std::exit(0);
        },
        testing::ExitedWithCode(0),
        "T-: C-: spawns C[0-9]+\n"
        "(.|\n)*T0: C-: worker starts\n"
        "(.|\n)*T0: C[0-9]+: starts \"main\"\n"
        "(.|\n)*T0: C[0-9]+: spawns C[0-9]+\n"
        "(.|\n)*T0: C[0-9]+: waits for join\n"
        "(.|\n)*T0: C[0-9]+: starts \"logged\"\n"
        "(.|\n)*T0: C[0-9]+: waits for sleep\n"
        "(.|\n)*T0: C-: wakes C[0-9]+\n"
        "(.|\n)*T0: C[0-9]+: ends\n"
        "(.|\n)*T0: C-: worker ends\n");
}

TEST_F(log, is_off_by_default) {
    const scoped_environment unset("MIOCO_LOG", nullptr);
    EXPECT_EXIT(
        {
            mioco::run([] { mioco::spawn([] {}).join(); });
            std::exit(0);
        },
        testing::ExitedWithCode(0), "^$");
}

}  // namespace
