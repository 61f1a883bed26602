// SPDX-License-Identifier: MPL-2.0
// The original's tests of offloading, by name.
#include <chrono>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/workers.hpp"
#include "support/world.hpp"

namespace {

using namespace std::chrono_literals;

class offloading : public mioco_test::on_workers {};
MIOCO_ON_WORKER_COUNTS(offloading);

TEST_P(offloading, basic_offload) {
    run([] {
        bool seen = false;
        const int result = mioco::offload([&] {
            mioco_test::block_for(1s);
            seen = true;
            return 3;
        });
        EXPECT_EQ(result, 3);
        EXPECT_TRUE(seen);
    });
}

TEST_P(offloading, offload_takes_time) {
    const auto begun = mioco_test::now();
    run([] { mioco::offload([] { mioco_test::block_for(500ms); }); });
    EXPECT_GE(mioco_test::now() - begun, 500ms);
}

TEST_P(offloading, basic_offload_in_loop) {
    run([] {
        int counter = 0;
        for (int i = 0; i < 10'000; ++i) {
            const int index = mioco::offload([&] {
                if (i % 16 == 0) mioco_test::block_for(1ms);
                ++counter;
                return i;
            });
            EXPECT_EQ(index, i);
        }
        EXPECT_EQ(counter, 10'000);
    });
}

}  // namespace
