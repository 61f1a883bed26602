// SPDX-License-Identifier: MPL-2.0
// As many fibers as workers, each of which runs on one of its own, lock a mutex, add to a number, unlock, and add to one of their own:
// `mutex_contended [COUNT [WORKERS]]`, of which each does its share.

#include <cstddef>
#include <mutex>
#include <vector>

#include <mioco/mioco.hpp>

#include "measure.hpp"

int main(int argc, char** argv) {
    const std::size_t workers = bench::argument(argc, argv, 2, 2);
    const std::size_t count = bench::argument(argc, argv, 1, 5'000'000) / workers * workers;
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        mioco::mutex mutex;
        std::size_t guarded = 0;
        bench::meeting start(workers);
        std::vector<mioco::join_handle<void>> all;
        for (std::size_t i = 0; i < workers; ++i) {
            all.push_back(mioco::spawn([&] {
                start.meet();
                volatile std::size_t own = 0;
                for (std::size_t done = 0; done < count / workers; ++done) {
                    {
                        const std::scoped_lock held(mutex);
                        ++guarded;
                    }
                    for (int k = 0; k < 16; ++k) own = own + 1;
                }
                start.leave();
            }));
        }
        for (auto& fiber : all) fiber.join();
        if (guarded != count) std::abort();
        bench::report("mutex_contended", workers, count, start.until_last_left(count));
    });
}
