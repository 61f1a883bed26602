// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <mioco/mioco.hpp>

#include "runtime/runtime_core.hpp"
#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/sizes.hpp"

// What concerns a whole process, each case in a child of its own.

namespace {

class offload_process : public testing::Test {
protected:
    offload_process() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

#if !defined(MIOCO_TSAN)  // which supports no threads after a fork
TEST_F(offload_process, a_fiber_of_a_forked_child_is_refused_with_a_message) {
    EXPECT_EXIT(
        {
            mioco::run(mioco::config{}.workers(2), [] {
                mioco::offload([] {});
                const pid_t child = fork();
                if (child == 0) {
                    try {
                        mioco::offload([] {});
                    } catch (const std::logic_error& e) {
                        std::fprintf(stderr, "%s\n", e.what());
                        _exit(0);
                    }
                    _exit(1);
                }
                int status = -1;
                waitpid(child, &status, 0);
                std::_Exit(WIFEXITED(status) ? WEXITSTATUS(status) : 100);
            });
        },
        testing::ExitedWithCode(0), "an offloaded call cannot be made in a forked child");
}
#endif

TEST_F(offload_process, ends_while_the_default_runtime_has_threads_to_offload_to) {
    EXPECT_EXIT(
        {
            const int result = mioco::spawn([] { return mioco::offload([] { return 5; }); }).join();
            mioco_test::flag begun;
            static_cast<void>(mioco::spawn([&] {
                mioco::offload([&] {
                    begun.raise();
                    std::this_thread::sleep_for(std::chrono::hours(1));
                });
            }));
            begun.await();
            std::exit(result);
        },
        testing::ExitedWithCode(5), "");
}

#if !defined(MIOCO_ASAN) && !defined(MIOCO_TSAN)  // which need address space without a bound
// Leaves address space for the stacks of a few more threads, or for none.
void bound_address_space(rlim_t room_bytes) {
    const rlim_t used_bytes = mioco_test::field_of("/proc/self/status", "VmSize") * 1024;
    const rlimit limit{used_bytes + room_bytes, used_bytes + room_bytes};
    setrlimit(RLIMIT_AS, &limit);
}

TEST_F(offload_process, with_no_thread_to_be_had_calls_fail_by_name) {
    EXPECT_EXIT(
        {
            mioco::run(mioco::config{}.workers(1), [] {
                bound_address_space(rlim_t{2} << 20);
                for (int i = 0; i < 3; ++i) {
                    try {
                        mioco::offload([] { std::_Exit(1); });
                        std::_Exit(2);
                    } catch (const std::system_error& e) {
                        if (e.code() != std::errc::resource_unavailable_try_again) std::_Exit(3);
                        std::fprintf(stderr, "%s\n", e.what());
                    }
                }
            });
            std::exit(0);
        },
        testing::ExitedWithCode(0),
        "^(mioco: no thread to offload to could be started, and the pool has none.*\n){3}$");
}

TEST_F(offload_process, with_fewer_threads_to_be_had_all_calls_are_made) {
    EXPECT_EXIT(
        {
            mioco::run(mioco::config{}.workers(1), [] {
                bound_address_space(rlim_t{30} << 20);
                std::vector<mioco::join_handle<int>> fibers;
                fibers.reserve(20);
                for (int i = 0; i < 20; ++i) {
                    fibers.push_back(mioco::spawn([i] {
                        return mioco::offload([i] {
                            std::this_thread::sleep_for(std::chrono::milliseconds(5));
                            return i;
                        });
                    }));
                }
                int sum = 0;
                for (auto& each : fibers) sum += each.join();
                const unsigned threads =
                    mioco::detail::current_fiber()->on->home().offloads().threads();
                std::fprintf(stderr, "%d by %u threads\n", sum, threads);
                std::_Exit(sum == 190 && threads >= 1 && threads < 20 ? 0 : 1);
            });
        },
        testing::ExitedWithCode(0), "^190 by . threads\n$");
}
#endif

}  // namespace
