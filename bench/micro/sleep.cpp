// SPDX-License-Identifier: MPL-2.0
// How late a fiber that slept goes on: `sleep [COUNT [MICROSECONDS]]`, the middle of COUNT times.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include <mioco/mioco.hpp>

#include "measure.hpp"

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 1'000);
    const std::chrono::microseconds asked(bench::argument(argc, argv, 2, 1'000));
    std::vector<double> late_us;
    mioco::run(mioco::config{}.workers(1), [&] {
        for (std::size_t i = 0; i < count; ++i) {
            const auto start = std::chrono::steady_clock::now();
            mioco::sleep_for(asked);
            const auto passed = std::chrono::steady_clock::now() - start;
            late_us.push_back(std::chrono::duration<double, std::micro>(passed - asked).count());
        }
    });
    const auto middle = late_us.begin() + static_cast<std::ptrdiff_t>(count / 2);
    std::nth_element(late_us.begin(), middle, late_us.end());
    std::printf("{\"case\": \"sleep\", \"count\": %zu, \"asked_us\": %zu, \"late_us\": %.2f}\n",
                count, static_cast<std::size_t>(asked.count()), *middle);
}
