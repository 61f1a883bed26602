// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unwind.h>
#include <mioco/mioco.hpp>

#include "fiber/fiber_table.hpp"
#include "fiber/parking.hpp"
#include "support/workers.hpp"

namespace {

class fiber : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(fiber);

// Any use of the stack as the compiler likes it: doubles and vectors want alignment.
[[gnu::noinline]] double sum_of_squares(int count) {
    double sum = 0;
    for (int i = 1; i <= count; ++i) {
        alignas(16) volatile double square = static_cast<double>(i) * i;
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&square) % 16, 0U);
        mioco::yield();
        sum += square;
    }
    return sum;
}

TEST_P(fiber, computes_across_switches) {
    run([] {
        std::vector<mioco::join_handle<double>> fibers;
        for (int i = 0; i < 30; ++i) fibers.push_back(mioco::spawn(sum_of_squares, 20));
        for (auto& each : fibers) EXPECT_EQ(each.join(), 2870.0);
    });
}

TEST_P(fiber, prints_and_throws_on_the_default_stack) {
    run([] {
        EXPECT_EQ(std::to_string(1.5), "1.500000");
        try {
            throw std::runtime_error(std::to_string(2.25));
        } catch (const std::exception& e) {
            EXPECT_STREQ(e.what(), "2.250000");
        }
    });
}

_Unwind_Reason_Code count_frame(_Unwind_Context*, void* count) {
    return ++*static_cast<int*>(count) > 200 ? _URC_NORMAL_STOP : _URC_NO_REASON;
}

TEST_P(fiber, has_a_backtrace_that_ends) {
    run([] {
        for (int i = 0; i < 3; ++i) {
            int frames = 0;
            EXPECT_EQ(_Unwind_Backtrace(&count_frame, &frames), _URC_END_OF_STACK);
            EXPECT_GE(frames, 3);
            mioco::sleep_for(std::chrono::microseconds(1));
        }
    });
}

TEST_P(fiber, blocks_are_found_by_their_number) {
    run([] {
        auto* const self = mioco::detail::current_fiber();
        ASSERT_NE(self, nullptr);
        EXPECT_NE(self->index, 0U);
        EXPECT_EQ(&mioco::detail::all_fibers[self->index], self);
    });
}

TEST(fiber_outside, threads_wait_with_a_block_of_their_own) {
    EXPECT_EQ(mioco::detail::current_fiber(), nullptr);
    auto& mine = mioco::detail::current_waiter();
    EXPECT_TRUE(mine.is_thread);
    EXPECT_EQ(&mioco::detail::current_waiter(), &mine);
}

}  // namespace
