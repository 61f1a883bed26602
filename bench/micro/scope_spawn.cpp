// SPDX-License-Identifier: MPL-2.0
// Spawns batches of fibers and waits for them, bare and in a scope, by turns: `scope_spawn [COUNT [WORKERS [BATCH]]]`.

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <vector>

#include <mioco/mioco.hpp>

#include "measure.hpp"

namespace {

void spawn_and_join(std::vector<mioco::join_handle<void>>& fibers, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) fibers.push_back(mioco::spawn([] {}));
    for (auto& fiber : fibers) fiber.join();
    fibers.clear();
}

void spawn_in_scope(std::size_t count) {
    mioco::scope fibers;
    for (std::size_t i = 0; i < count; ++i) fibers.spawn([] {});
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 2'000'000);
    const std::size_t workers = bench::argument(argc, argv, 2, 1);
    const std::size_t batch = std::min(count, bench::argument(argc, argv, 3, 1000));
    const std::size_t turns = count / batch;
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        std::vector<mioco::join_handle<void>> fibers;
        fibers.reserve(batch);
        spawn_and_join(fibers, batch);  // finds the memory
        bench::times bare;
        bench::times scoped;
        for (std::size_t i = 0; i < turns; ++i) {
            bare += bench::measure(1, [&] { spawn_and_join(fibers, batch); });
            scoped += bench::measure(1, [&] { spawn_in_scope(batch); });
        }
        const auto spawned = static_cast<double>(turns * batch);
        bench::begin_report("scope_spawn", workers, turns * batch,
                            {scoped.wall_ns / spawned, scoped.cpu_ns / spawned});
        std::printf(", \"bare_ns\": %.2f, \"scope_ns\": %.2f}\n", bare.cpu_ns / spawned,
                    scoped.cpu_ns / spawned);
    });
}
