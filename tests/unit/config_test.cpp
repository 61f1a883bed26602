// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sched.h>
#include <mioco/mioco.hpp>

#include "base/cpu_count.hpp"
#include "runtime/settings.hpp"
#include "support/process.hpp"

namespace {

using namespace std::chrono_literals;
using mioco_test::scoped_environment;
using mioco_test::thread_number;

// The text of the std::invalid_argument with which a runtime refuses these settings.
std::string refusal(const mioco::config& settings) {
    try {
        const mioco::runtime rt(settings);
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "accepted";
}

std::string refusal_of(const char* variable, const char* value) {
    const scoped_environment set(variable, value);
    return refusal({});
}

void expect_in(const std::string& text, const std::vector<std::string>& parts) {
    for (const auto& part : parts)
        EXPECT_NE(text.find(part), std::string::npos) << part << "\nin: " << text;
}

TEST(config, has_getters_for_what_was_set) {
    const auto settings = mioco::config{}
                              .workers(3)
                              .stack_size(100'000)
                              .stack_guard(false)
                              .uncaught(mioco::on_uncaught::rethrow)
                              .migrate(mioco::migration::never)
                              .offload_threads(5)
                              .offload_queue(6)
                              .name("mine");
    EXPECT_EQ(settings.workers(), 3U);
    EXPECT_EQ(settings.stack_size(), 100'000U);
    EXPECT_FALSE(settings.stack_guard());
    EXPECT_EQ(settings.uncaught(), mioco::on_uncaught::rethrow);
    EXPECT_EQ(settings.migrate(), mioco::migration::never);
    EXPECT_EQ(settings.offload_threads(), 5U);
    EXPECT_EQ(settings.offload_queue(), 6U);
    EXPECT_EQ(settings.name(), "mine");
    EXPECT_EQ(mioco::config{}.offload_threads(), std::nullopt);
    EXPECT_EQ(mioco::config{}.offload_queue(), 1024U);
    EXPECT_EQ(mioco::config{}.workers(), std::nullopt);
}

TEST(config, no_workers_or_too_many_are_refused_with_the_bounds) {
    expect_in(refusal(mioco::config{}.workers(0)), {"config::workers", "0", "1 to 1024"});
    expect_in(refusal(mioco::config{}.workers(1025)), {"config::workers", "1025", "1 to 1024"});
}

TEST(config, stack_sizes_out_of_bounds_are_refused_with_the_bounds) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{16383}, (std::size_t{1} << 30) + 1}) {
        expect_in(refusal(mioco::config{}.stack_size(size)),
                  {"config::stack_size", std::to_string(size), "16384", "1073741824"});
    }
}

TEST(config, stack_sizes_within_bounds_run) {
    for (const std::size_t size : {16384U, 16385U, 100'000U, 1U << 20}) {
        for (const bool guard : {true, false}) {
            EXPECT_EQ(mioco::run(mioco::config{}.workers(1).stack_size(size).stack_guard(guard),
                                 [] { return 1; }),
                      1);
        }
    }
}

TEST(config, environment_has_the_last_word) {
    const scoped_environment workers("MIOCO_WORKERS", "3");
    const scoped_environment engine("MIOCO_ENGINE", "epoll");
    const scoped_environment migrate("MIOCO_MIGRATE", "never");
    EXPECT_EQ(mioco::run(mioco::config{}.workers(1), mioco::this_fiber::worker_count), 3U);
}

TEST(config, the_environment_says_whether_fibers_move) {
    // How often they were found on another thread, until it was often enough.
    const auto moves_under = [](const char* value, mioco::migration other, int enough) {
        const scoped_environment migrate("MIOCO_MIGRATE", value);
        std::atomic<int> moves = 0;
        mioco::run(mioco::config{}.workers(2).migrate(other), [&] {
            for (int i = 0; i < 20; ++i) {
                mioco::spawn([&] {
                    pid_t last = thread_number();
                    for (int n = 0; n < 50 || moves < enough; ++n) {
                        mioco::yield();
                        if (thread_number() != std::exchange(last, thread_number())) ++moves;
                    }
                });
            }
        });
        return moves.load();
    };
    EXPECT_EQ(moves_under("never", mioco::migration::always, 0), 0);
    EXPECT_GE(moves_under("always", mioco::migration::never, 100), 100);
}

TEST(config, empty_variables_count_as_unset) {
    const scoped_environment workers("MIOCO_WORKERS", "");
    const scoped_environment engine("MIOCO_ENGINE", "");
    const scoped_environment migrate("MIOCO_MIGRATE", "");
    const scoped_environment stack("MIOCO_STACK_SIZE", "");
    EXPECT_EQ(mioco::run(mioco::config{}.workers(2), mioco::this_fiber::worker_count), 2U);
}

TEST(config, bad_worker_counts_in_the_environment_are_quoted) {
    for (const char* value :
         {"0", "-1", "many", "2x", "1025", " 2", "99999999999999999999", "2.5"}) {
        expect_in(refusal_of("MIOCO_WORKERS", value),
                  {"MIOCO_WORKERS", "\"" + std::string(value) + "\"", "1 to 1024"});
    }
}

TEST(config, bad_stack_sizes_in_the_environment_are_quoted) {
    for (const char* value : {"big", "K", "64KB", "-64K", "99999999M", "1e6"}) {
        expect_in(refusal_of("MIOCO_STACK_SIZE", value),
                  {"MIOCO_STACK_SIZE", "\"" + std::string(value) + "\"", "16K", "1024M"});
    }
    expect_in(refusal_of("MIOCO_STACK_SIZE", "8K"), {"MIOCO_STACK_SIZE", "8192", "16K"});
    expect_in(refusal_of("MIOCO_STACK_SIZE", "0"), {"MIOCO_STACK_SIZE", "0", "16K"});
}

TEST(config, bad_migration_and_engine_in_the_environment_are_quoted) {
    expect_in(refusal_of("MIOCO_MIGRATE", "sometimes"),
              {"MIOCO_MIGRATE", "\"sometimes\"", "allowed, never or always"});
    expect_in(refusal_of("MIOCO_ENGINE", "kqueue"), {"MIOCO_ENGINE", "\"kqueue\"", "epoll"});
    expect_in(refusal_of("MIOCO_LOG", "verbose"), {"mioco: MIOCO_LOG = \"verbose\"", "0 and 1"});
}

TEST(config, who_asks_for_io_uring_is_told_why_sockets_have_none) {
    expect_in(refusal_of("MIOCO_ENGINE", "uring"),
              {"MIOCO_ENGINE", "\"uring\"", "allowed is epoll", "docs/io-uring.md", "files"});
    EXPECT_EQ(refusal_of("MIOCO_ENGINE", "kqueue").find("io-uring"), std::string::npos);
}

TEST(config, offloading_out_of_bounds_is_refused_with_the_bounds) {
    for (const unsigned threads : {0U, 1025U}) {
        expect_in(refusal(mioco::config{}.offload_threads(threads)),
                  {"config::offload_threads", std::to_string(threads), "1 to 1024", "32"});
    }
    expect_in(refusal(mioco::config{}.offload_queue(1'048'577)),
              {"config::offload_queue", "1048577", "0 to 1048576", "1024"});
    for (const char* value : {"0", "-1", "many", "1025"}) {
        expect_in(refusal_of("MIOCO_OFFLOAD_THREADS", value),
                  {"MIOCO_OFFLOAD_THREADS", "\"" + std::string(value) + "\"", "1 to 1024"});
    }
    for (const char* value : {"-1", "1K", "1048577"}) {
        expect_in(refusal_of("MIOCO_OFFLOAD_QUEUE", value),
                  {"MIOCO_OFFLOAD_QUEUE", "\"" + std::string(value) + "\"", "0 to 1048576"});
    }
}

TEST(config, spins_out_of_bounds_are_refused_with_the_bounds) {
    for (const auto longest : {-1ns, std::chrono::nanoseconds(1ms) + 1ns}) {
        expect_in(refusal(mioco::config{}.spin(longest)),
                  {"config::spin", std::to_string(longest.count()) + " ns", "0 (never) to 1 ms"});
    }
    for (const char* value : {"-1", "50us", "1001"}) {
        expect_in(refusal_of("MIOCO_SPIN_US", value),
                  {"MIOCO_SPIN_US", "\"" + std::string(value) + "\"", "0 to 1000",
                   "leave it out for 50"});
    }
}

TEST(config, spins_follow_the_environment_and_a_scheduler_has_none) {
    const auto spin_of = [](const mioco::config& asked) {
        return std::chrono::nanoseconds(mioco::detail::resolve_settings(asked).spin_ns);
    };
    EXPECT_EQ(spin_of(mioco::config{}), 50us);
    EXPECT_EQ(spin_of(mioco::config{}.spin(0us)), 0us);
    EXPECT_EQ(spin_of(mioco::config{}.spin(1500ns)), 1500ns);
    EXPECT_EQ(spin_of(mioco::config{}.scheduler(mioco::round_robin)), 0us);
    const scoped_environment spin("MIOCO_SPIN_US", "7");
    EXPECT_EQ(spin_of(mioco::config{}.spin(0us)), 7us);
}

TEST(config, offloading_follows_the_environment_and_else_the_number_of_workers) {
    const auto resolve = [](const mioco::config& asked) {
        return mioco::detail::resolve_settings(asked);
    };
    EXPECT_EQ(resolve(mioco::config{}.workers(1)).offload_threads, 32U);
    EXPECT_EQ(resolve(mioco::config{}.workers(20)).offload_threads, 80U);
    EXPECT_EQ(resolve(mioco::config{}.workers(1024)).offload_threads, 1024U);
    EXPECT_EQ(resolve(mioco::config{}.offload_threads(1)).offload_threads, 1U);
    EXPECT_EQ(resolve(mioco::config{}.offload_queue(0)).offload_queue, 0U);
    const scoped_environment threads("MIOCO_OFFLOAD_THREADS", "3");
    const scoped_environment queue("MIOCO_OFFLOAD_QUEUE", "4");
    const auto settings = resolve(mioco::config{}.offload_threads(1).offload_queue(2));
    EXPECT_EQ(settings.offload_threads, 3U);
    EXPECT_EQ(settings.offload_queue, 4U);
}

TEST(config, refusals_are_no_state) {
    EXPECT_NE(refusal(mioco::config{}.workers(0)), "accepted");
    EXPECT_EQ(mioco::run(mioco::config{}.workers(1), [] { return 1; }), 1);
}

// Deep enough for any default, and not for a stack of 16 KiB.
[[gnu::noinline]] int use_stack(std::size_t bytes) {
    auto* const array = static_cast<volatile char*>(__builtin_alloca(bytes));
    for (std::size_t i = 0; i < bytes; i += 512) array[i] = 1;
    return array[0];
}

TEST(config, stack_size_of_the_environment_is_used) {
    for (const char* value : {"4194304", "4096K", "4096k", "4M", "4m"}) {
        const scoped_environment size("MIOCO_STACK_SIZE", value);
        EXPECT_EQ(mioco::run(mioco::config{}.workers(1), [] { return use_stack(3 << 20); }), 1);
    }
}

// In a program of its own: what is found out once a process, and what a child process inherits.
class config_process : public testing::Test {
protected:
    config_process() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

    // Runs `check` in a child process; its exit status tells the verdict.
    static void in_child(const std::function<bool()>& check) {
        EXPECT_EXIT(std::exit(check() ? 0 : 1), testing::ExitedWithCode(0), "");
    }
};

TEST_F(config_process, bad_guard_is_refused_with_what_is_allowed) {
    in_child([] {
        const std::string text = refusal_of("MIOCO_GUARD", "none");
        return text.find("mioco: MIOCO_GUARD = \"none\"") != std::string::npos &&
               text.find("madvise and mprotect") != std::string::npos;
    });
}

TEST_F(config_process, bad_timer_is_refused_with_what_is_allowed) {
    in_child([] {
        const std::string text = refusal_of("MIOCO_TIMER", "sundial");
        return text.find("MIOCO_TIMER") != std::string::npos &&
               text.find("\"sundial\"") != std::string::npos &&
               text.find("epoll_pwait2 or timerfd") != std::string::npos;
    });
}

TEST_F(config_process, fallbacks_can_be_forced) {
    in_child([] {
        setenv("MIOCO_GUARD", "mprotect", 1);
        setenv("MIOCO_TIMER", "timerfd", 1);
        return mioco::run(mioco::config{}.workers(2), [] {
            mioco::sleep_for(std::chrono::milliseconds(1));
            return mioco::spawn([] { return true; }).join();
        });
    });
}

// As /proc tells them: whether each is set.
std::vector<bool> timers_of_this_process() {
    std::vector<bool> found;
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        if (std::filesystem::read_symlink(each, gone) != "anon_inode:[timerfd]") continue;
        const auto info =
            mioco_test::contents_of("/proc/self/fdinfo/" + each.path().filename().string());
        found.push_back(info.find("it_value: (0, 0)") == std::string::npos);
    }
    return found;
}

TEST_F(config_process, a_sleep_is_a_timerfds_if_the_environment_says_so) {
    in_child([] {
        setenv("MIOCO_TIMER", "timerfd", 1);
        mioco::runtime rt(mioco::config{}.workers(2));
        rt.spawn([] { mioco::sleep_for(std::chrono::hours(1)); }).detach();
        std::vector<bool> set;
        do set = timers_of_this_process();
        while (std::ranges::count(set, true) == 0);
        rt.stop();
        return set.size() == 2;
    });
    in_child([] {
        setenv("MIOCO_TIMER", "epoll_pwait2", 1);
        return mioco::run(mioco::config{}.workers(2), [] {
            mioco::sleep_for(std::chrono::milliseconds(1));
            return timers_of_this_process().empty();
        });
    });
}

TEST_F(config_process, default_worker_count_honours_the_affinity_mask) {
    in_child([] {
        cpu_set_t usable;
        sched_getaffinity(0, sizeof usable, &usable);
        cpu_set_t one;
        CPU_ZERO(&one);
        for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
            if (CPU_ISSET(cpu, &usable)) CPU_SET(cpu, &one);
        }
        if (sched_setaffinity(0, sizeof one, &one) != 0) return false;
        return mioco::run(mioco::this_fiber::worker_count) == 1;
    });
}

TEST(cpu_count, is_at_least_one_and_within_the_affinity_mask) {
    cpu_set_t usable;
    ASSERT_EQ(sched_getaffinity(0, sizeof usable, &usable), 0);
    EXPECT_GE(mioco::detail::usable_cpu_count(), 1U);
    EXPECT_LE(mioco::detail::usable_cpu_count(), static_cast<unsigned>(CPU_COUNT(&usable)));
    EXPECT_EQ(mioco::run(mioco::this_fiber::worker_count), mioco::detail::usable_cpu_count());
}

}  // namespace
