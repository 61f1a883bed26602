// SPDX-License-Identifier: MPL-2.0
// Two fibers yield in turn: `yield [COUNT [WORKERS]]`. Stealing is on, so that with two workers the fibers may come
// apart; "alternated", the share of yields after which the other one had run, tells whether they did.

#include <array>
#include <atomic>
#include <cstddef>

#include <mioco/mioco.hpp>

#include "measure.hpp"

namespace {

std::atomic<int> last_to_run{-1};

// Returns after how many of its yields the other fiber had run.
std::size_t yield_in_turn(int self, std::size_t count) {
    std::size_t others = 0;
    for (std::size_t i = 0; i < count; ++i) {
        last_to_run.store(self, std::memory_order_relaxed);
        mioco::yield();
        others += last_to_run.load(std::memory_order_relaxed) != self ? 1U : 0U;
    }
    return others;
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 10'000'000);
    const std::size_t workers = bench::argument(argc, argv, 2, 2);
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        std::size_t alternated = 0;
        const bench::times each = bench::measure(count, [&] {
            std::array fibers{mioco::spawn(yield_in_turn, 0, count / 2),
                              mioco::spawn(yield_in_turn, 1, count / 2)};
            for (auto& fiber : fibers) alternated += fiber.join();
        });
        bench::begin_report("yield", workers, count, each);
        std::printf(", \"alternated\": %.3f}\n",
                    static_cast<double>(alternated) / static_cast<double>(count));
    });
}
