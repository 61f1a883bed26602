// SPDX-License-Identifier: MPL-2.0
// Spawns a fiber that does nothing and joins it, one after the other: `spawn_join [COUNT [WORKERS]]`.

#include <cstddef>

#include <mioco/mioco.hpp>

#include "measure.hpp"

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 1'000'000);
    const std::size_t workers = bench::argument(argc, argv, 2, 2);
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        const bench::times each = bench::measure(count, [&] {
            for (std::size_t i = 0; i < count; ++i) mioco::spawn([] {}).join();
        });
        bench::report("spawn_join", workers, count, each);
    });
}
