// SPDX-License-Identifier: MPL-2.0
// Two fibers throw a number to and fro over two broadcasts, each with one receiver, as in the original's benchmark of that name:
// `broadcast_pingpong [ROUNDS [WORKERS]]`.

#include <cstddef>
#include <cstdlib>

#include <mioco/mioco.hpp>

#include "measure.hpp"

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 5'000'000);
    const std::size_t workers = bench::argument(argc, argv, 2, 1);
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        mioco::broadcast_sender<std::size_t> there(1);
        mioco::broadcast_sender<std::size_t> back(1);
        auto other = mioco::spawn([&, from_here = there.subscribe()]() mutable {
            for (std::size_t i = 0; i < count; ++i) back.send(from_here.recv()->value);
        });
        auto from_there = back.subscribe();
        const bench::times each = bench::measure(count, [&] {
            for (std::size_t i = 0; i < count; ++i) {
                there.send(i);
                if (from_there.recv()->value != i) std::abort();
            }
        });
        other.join();
        bench::report("broadcast_pingpong", workers, count, each);
    });
}
