// SPDX-License-Identifier: MPL-2.0
// A fiber wakes another, and computes for 5 ms without a call of the library: how long does the other one wait until it runs?
// `wake_and_compute [ROUNDS [WORKERS]]`

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include <mioco/mioco.hpp>

#include "measure.hpp"

namespace {

using clock_type = std::chrono::steady_clock;
using namespace std::chrono_literals;

void compute_until(clock_type::time_point end) {
    while (clock_type::now() < end) {
    }
}

std::vector<double> waits_us(std::size_t rounds) {
    auto [there, from_here] = mioco::channel<clock_type::time_point>(1);
    auto [back, from_there] = mioco::channel<double>(1);
    auto other = mioco::spawn([in = std::move(from_here), out = std::move(back)] {
        for (const auto woken_at : in)
            out.send(
                std::chrono::duration<double, std::micro>(clock_type::now() - woken_at).count());
    });
    std::vector<double> waits;
    for (std::size_t i = 0; i < rounds; ++i) {
        const auto now = clock_type::now();
        there.send(now);
        compute_until(now + 5ms);
        waits.push_back(from_there.recv().value());
    }
    there.close();
    other.join();
    return waits;
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t rounds = bench::argument(argc, argv, 1, 200);
    const std::size_t workers = bench::argument(argc, argv, 2, 2);
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        std::vector<double> waits = waits_us(rounds);
        std::ranges::sort(waits);
        std::printf(
            "{\"case\": \"wake_and_compute\", \"workers\": %zu, \"count\": %zu, \"median_us\": "
            "%.2f, "
            "\"p99_us\": %.2f}\n",
            workers, rounds, waits[rounds / 2], waits[rounds * 99 / 100]);
    });
}
