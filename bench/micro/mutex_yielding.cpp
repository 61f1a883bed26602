// SPDX-License-Identifier: MPL-2.0
// 64 fibers lock one mutex, yield with it in hand, and unlock: `mutex_yielding [COUNT [WORKERS]]`, of which each does its share.

#include <cstddef>
#include <mutex>
#include <vector>

#include <mioco/mioco.hpp>

#include "measure.hpp"

int main(int argc, char** argv) {
    constexpr std::size_t fibers = 64;
    const std::size_t count = bench::argument(argc, argv, 1, 2'000'000) / fibers * fibers;
    const std::size_t workers = bench::argument(argc, argv, 2, 1);
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        mioco::mutex mutex;
        std::size_t guarded = 0;
        const bench::times each = bench::measure(count, [&] {
            std::vector<mioco::join_handle<void>> all;
            for (std::size_t i = 0; i < fibers; ++i) {
                all.push_back(mioco::spawn([&] {
                    for (std::size_t done = 0; done < count / fibers; ++done) {
                        const std::scoped_lock held(mutex);
                        const std::size_t before = guarded;
                        mioco::yield();
                        guarded = before + 1;
                    }
                }));
            }
            for (auto& fiber : all) fiber.join();
        });
        if (guarded != count) std::abort();
        bench::report("mutex_yielding", workers, count, each);
    });
}
