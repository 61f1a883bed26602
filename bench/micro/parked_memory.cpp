// SPDX-License-Identifier: MPL-2.0
// The memory of a fiber that is parked, guard on: `parked_memory [COUNT [WORKERS]]`. It is what the process holds with
// all of them asleep at once, page tables included, less what it held before.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <thread>

#include <mioco/mioco.hpp>

#include "measure.hpp"
#include "memory.hpp"

int main(int argc, char** argv) {
    using namespace std::chrono_literals;
    const std::size_t count = bench::argument(argc, argv, 1, 1'000'000);
    const std::size_t workers = bench::argument(argc, argv, 2, 2);
    std::atomic<std::size_t> started{0};
    mioco::runtime runtime(mioco::config{}.workers(static_cast<unsigned>(workers)));
    runtime.spawn([] {}).join();
    const std::size_t before = bench::memory_bytes();
    runtime
        .spawn([&] {
            for (std::size_t i = 0; i < count; ++i) {
                mioco::spawn([&] {
                    ++started;
                    mioco::sleep_for(24h);
                });
            }
        })
        .join();
    while (started < count) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(
        100ms);  // the last ones have counted themselves, and are about to park
    const auto each =
        static_cast<double>(bench::memory_bytes() - before) / static_cast<double>(count);
    std::printf("{\"case\": \"parked_memory\", \"count\": %zu, \"bytes\": %.0f}\n", count, each);
}
