// SPDX-License-Identifier: MPL-2.0
// Exceptions thrown and caught on so many workers at once, each by a fiber, and on as many plain threads: `throw_threads [COUNT [WORKERS]]`
// throws of each. A lock in the unwinder shows where two take longer than one.

#include <cstddef>
#include <cstdio>
#include <thread>
#include <vector>

#include <mioco/mioco.hpp>

#include "measure.hpp"

namespace {

[[gnu::noinline]] void throw_one(std::size_t number) { throw number; }

void throw_and_catch(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        try {
            throw_one(i);
        } catch (std::size_t caught) {
            if (caught != i) std::abort();
        }
    }
}

// Of all together, a throw.
bench::times in_fibers(std::size_t count, std::size_t workers) {
    bench::meeting start(workers);
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        std::vector<mioco::join_handle<void>> all;
        for (std::size_t i = 0; i < workers; ++i) {
            all.push_back(mioco::spawn([&] {
                start.meet();
                throw_and_catch(count);
                start.leave();
            }));
        }
        for (auto& fiber : all) fiber.join();
    });
    return start.until_last_left(count);
}

bench::times in_threads(std::size_t count, std::size_t threads) {
    bench::meeting start(threads);
    std::vector<std::jthread> all;
    for (std::size_t i = 0; i < threads; ++i) {
        all.emplace_back([&] {
            start.meet();
            throw_and_catch(count);
            start.leave();
        });
    }
    all.clear();
    return start.until_last_left(count);
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 500'000);
    const std::size_t workers = bench::argument(argc, argv, 2, 2);
    const bench::times fibers = in_fibers(count, workers);
    const bench::times threads = in_threads(count, workers);
    bench::begin_report("throw_threads", workers, count, fibers);
    std::printf(", \"fibers_ns\": %.2f, \"threads_ns\": %.2f}\n", fibers.wall_ns, threads.wall_ns);
}
