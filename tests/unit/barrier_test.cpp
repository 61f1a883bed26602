// SPDX-License-Identifier: MPL-2.0
#include "base/barrier.hpp"

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <vector>

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <mioco/mioco.hpp>

namespace {

using mioco::detail::barrier_sync;

// What concerns a whole process, each case in a child of its own.
class barrier_process : public testing::Test {
protected:
    barrier_process() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

// From here on the calling thread, and those that it starts, get this for membarrier.
void deny_barriers(unsigned failure) {
    sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | failure),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{std::size(steps), steps};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) std::_Exit(77);
}

// Fibers that are there to be stolen, and a stop that has to find those that start about then.
bool works() {
    mioco::runtime rt(mioco::config{}.workers(2));
    int sum = 0;
    rt.run([&] {
        std::vector<mioco::join_handle<int>> ones;
        for (int i = 0; i < 1000; ++i) {
            ones.push_back(mioco::spawn([] {
                mioco::yield();
                return 1;
            }));
        }
        for (auto& each : ones) sum += each.join();
    });
    rt.run([&] {
        for (int i = 0; i < 100; ++i)
            mioco::spawn([] { mioco::sleep_for(std::chrono::hours(1)); }).detach();
        rt.stop();
    });
    return sum == 1000;
}

TEST_F(barrier_process, where_the_kernel_has_no_such_call_each_side_pays_for_itself) {
    for (const unsigned failure : {ENOSYS, EPERM}) {
        EXPECT_EXIT(
            {
                deny_barriers(failure);
                const bool good = works();
                std::_Exit(good && !barrier_sync::has_light_barrier() ? 0 : 1);
            },
            testing::ExitedWithCode(0), "");
    }
}

TEST_F(barrier_process, in_a_sandbox_that_is_closed_later_each_side_pays_from_then_on) {
    EXPECT_EXIT(
        {
            if (!works() || !barrier_sync::has_light_barrier()) std::_Exit(2);
            deny_barriers(EPERM);
            barrier_sync::heavy_barrier();
            if (barrier_sync::has_light_barrier()) std::_Exit(1);
            std::_Exit(works() ? 0 : 3);
        },
        testing::ExitedWithCode(0), "");
}

}  // namespace
