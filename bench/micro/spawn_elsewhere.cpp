// SPDX-License-Identifier: MPL-2.0
// How long a fiber that was spawned by one that goes on computing waits until another worker runs it: `spawn_elsewhere [COUNT]`, two
// workers. The middle one, and the latest of a hundred.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <vector>

#include <mioco/mioco.hpp>

#include "measure.hpp"

int main(int argc, char** argv) {
    using clock = std::chrono::steady_clock;
    const std::size_t count = bench::argument(argc, argv, 1, 1000);
    mioco::run(mioco::config{}.workers(2), [&] {
        std::vector<double> waited_us;
        for (std::size_t i = 0; i < count; ++i) {
            std::atomic<bool> ran{false};
            clock::time_point at;
            const auto start = clock::now();
            auto child = mioco::spawn([&] {
                at = clock::now();
                ran.store(true, std::memory_order_release);
            });
            while (!ran.load(std::memory_order_acquire)) bench::pause();
            waited_us.push_back(std::chrono::duration<double, std::micro>(at - start).count());
            child.join();
        }
        std::ranges::sort(waited_us);
        std::printf(
            "{\"case\": \"spawn_elsewhere\", \"workers\": 2, \"count\": %zu, \"median_us\": %.2f, "
            "\"p99_us\": %.2f}\n",
            count, waited_us[count / 2], waited_us[count * 99 / 100]);
    });
}
