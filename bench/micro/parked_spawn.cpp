// SPDX-License-Identifier: MPL-2.0
// From a spawn to the fiber's first wait, stack, guard and page faults included: `parked_spawn [COUNT [WORKERS]]`. All are alive at once,
// and none finds a stack that was used before.

#include <atomic>
#include <cstddef>

#include <mioco/mioco.hpp>

#include "measure.hpp"

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 100'000);
    const std::size_t workers = bench::argument(argc, argv, 2, 1);
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        auto [never_sent, gate] = mioco::channel<int>(1);
        std::atomic<std::size_t> started{0};
        const bench::times each = bench::measure(count, [&, &gate = gate] {
            for (std::size_t i = 0; i < count; ++i) {
                mioco::spawn([&] {
                    started.fetch_add(1, std::memory_order_relaxed);
                    static_cast<void>(gate.recv());
                }).detach();
            }
            while (started.load(std::memory_order_relaxed) < count) mioco::yield();
        });
        bench::report("parked_spawn", workers, count, each);
        std::fflush(stdout);
        std::quick_exit(0);  // nobody wants to know how they end
    });
}
