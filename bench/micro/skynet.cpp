// SPDX-License-Identifier: MPL-2.0
// A tree of fibers, ten children each, whose leaves return their numbers and whose other nodes the sums:
// `skynet [LEAVES [WORKERS [ROUNDS]]]`, a power of ten of them. The first round, which finds the memory, does not count; of the others
// the median does.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <mioco/mioco.hpp>

#include "measure.hpp"

namespace {

constexpr std::size_t children = 10;

std::size_t sum_of(std::size_t first, std::size_t leaves) {
    if (leaves == 1) return first;
    const std::size_t each = leaves / children;
    std::array<mioco::join_handle<std::size_t>, children> nodes;
    for (std::size_t i = 0; i < children; ++i)
        nodes[i] = mioco::spawn(sum_of, first + i * each, each);
    std::size_t sum = 0;
    for (auto& node : nodes) sum += node.join();
    return sum;
}

std::size_t nodes_of(std::size_t leaves) {
    return leaves == 1 ? 1 : 1 + children * nodes_of(leaves / children);
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t leaves = bench::argument(argc, argv, 1, 1'000'000);
    const std::size_t workers = bench::argument(argc, argv, 2, 2);
    const std::size_t rounds = std::max<std::size_t>(2, bench::argument(argc, argv, 3, 4));
    const std::size_t count = nodes_of(leaves);
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        std::vector<bench::times> taken;
        for (std::size_t i = 0; i < rounds; ++i) {
            taken.push_back(bench::measure(count, [&] {
                if (sum_of(0, leaves) != leaves * (leaves - 1) / 2) std::abort();
            }));
        }
        taken.erase(taken.begin());
        std::ranges::sort(taken, {}, &bench::times::wall_ns);
        const bench::times each = taken[taken.size() / 2];
        bench::begin_report("skynet", workers, count, each);
        std::printf(", \"ms\": %.2f}\n", each.wall_ns * static_cast<double>(count) / 1e6);
    });
}
