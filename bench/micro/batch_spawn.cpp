// SPDX-License-Identifier: MPL-2.0
// Spawns a batch of fibers, then joins them all: `batch_spawn [COUNT [WORKERS [ROUNDS]]]`. The first round, which finds
// the memory, does not count; of the others the median does.

#include <algorithm>
#include <cstddef>
#include <vector>

#include <mioco/mioco.hpp>

#include "measure.hpp"

namespace {

using batch = std::vector<mioco::join_handle<void>>;

void spawn_and_join(batch& fibers, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) fibers.push_back(mioco::spawn([] {}));
    for (auto& fiber : fibers) fiber.join();
    fibers.clear();
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 1'000'000);
    const std::size_t workers = bench::argument(argc, argv, 2, 2);
    const std::size_t rounds = std::max<std::size_t>(2, bench::argument(argc, argv, 3, 4));
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        batch fibers;
        fibers.reserve(count);
        std::vector<bench::times> taken;
        for (std::size_t i = 0; i < rounds; ++i) {
            taken.push_back(bench::measure(count, [&] { spawn_and_join(fibers, count); }));
        }
        taken.erase(taken.begin());
        std::ranges::sort(taken, {}, &bench::times::wall_ns);
        bench::report("batch_spawn", workers, count, taken[taken.size() / 2]);
    });
}
