// SPDX-License-Identifier: MPL-2.0
// The original's test of very many fibers at once, by name. The name was bolder than the number there, too.
#include <atomic>
#include <chrono>
#include <cstddef>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/affordable.hpp"

namespace {

using namespace std::chrono_literals;

TEST(million, million_coroutines) {
    const std::size_t batches = mioco_test::affordable(mioco_test::sleeping_fibers) / 1000;
    std::atomic<std::size_t> ended = 0;
    mioco::run(mioco::config{}.stack_size(16 * 1024).stack_guard(false), [&] {
        for (std::size_t i = 0; i < batches; ++i) {
            for (int j = 0; j < 1000; ++j) {
                mioco::spawn([&] {
                    mioco::sleep_for(5s);
                    ++ended;
                });
            }
            mioco::yield();
        }
    });
    EXPECT_EQ(ended, batches * 1000);
}

}  // namespace
