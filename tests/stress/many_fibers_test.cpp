// SPDX-License-Identifier: MPL-2.0
#include <atomic>
#include <chrono>
#include <cstdio>
#include <vector>

#include <gtest/gtest.h>
#include <mioco/mioco.hpp>

#include "support/affordable.hpp"
#include "support/flag.hpp"
#include "support/process.hpp"
#include "support/workers.hpp"

namespace {

using namespace std::chrono_literals;

using mioco_test::affordable;

std::size_t resident_kib() { return mioco_test::field_of("/proc/self/status", "VmRSS"); }
std::size_t page_tables_kib() { return mioco_test::field_of("/proc/self/status", "VmPTE"); }

void print_memory(std::size_t count, std::size_t kib) {
    std::printf("%zu fibers parked at once: %zu MiB, %.2f KiB each with page tables\n", count,
                kib / 1024, static_cast<double>(kib) / static_cast<double>(count));
    testing::Test::RecordProperty("fibers", static_cast<int>(count));
    testing::Test::RecordProperty("kib", static_cast<int>(kib));
}

class many_fibers : public mioco_test::on_workers {};
INSTANTIATE_TEST_SUITE_P(workers, many_fibers, testing::Values(1U, 2U),
                         mioco_test::worker_count_name);

TEST(a_million_fibers, are_parked_at_once_with_guards_on) {
    const std::size_t count = affordable(mioco_test::parked_fibers);
    const std::size_t before_kib = resident_kib() + page_tables_kib();
    std::atomic<std::size_t> parked = 0;
    std::atomic<std::size_t> ended = 0;
    mioco::runtime rt(mioco::config{}.workers(2));
    rt.run([&] {
        for (std::size_t i = 0; i < count; ++i) {
            mioco::spawn([&] {
                ++parked;
                try {
                    mioco::sleep_for(std::chrono::hours::max());
                } catch (const mioco::fiber_cancelled&) {
                    ++ended;
                }
            });
        }
        while (parked != count) mioco::sleep_for(1ms);
        print_memory(count, resident_kib() + page_tables_kib() - before_kib);
        rt.stop();
    });
    EXPECT_EQ(ended, count);
}

TEST_P(many_fibers, wait_for_joins_at_once) {
    const std::size_t count = affordable(mioco_test::parked_fibers) / 10;
    EXPECT_EQ(run([&] {
                  mioco_test::flag go;
                  auto last = mioco::spawn([&] {
                      go.await();
                      return std::size_t{1};
                  });
                  for (std::size_t i = 1; i < count; ++i) {
                      last = mioco::spawn(
                          [before = std::move(last)]() mutable { return before.join() + 1; });
                  }
                  go.raise();
                  return last.join();
              }),
              count);
}

TEST_P(many_fibers, are_spawned_and_joined_one_by_one) {
    const std::size_t count = mioco_test::here(mioco_test::spawned_in_a_row);
    EXPECT_EQ(run([&] {
                  std::size_t sum = 0;
                  for (std::size_t i = 0; i < count; ++i)
                      sum += mioco::spawn([] { return std::size_t{1}; }).join();
                  return sum;
              }),
              count);
}

}  // namespace
