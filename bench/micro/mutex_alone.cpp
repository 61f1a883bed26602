// SPDX-License-Identifier: MPL-2.0
// Locking and unlocking a mutex that nobody else wants, of mioco and of the standard library: `mutex_alone [COUNT [WORKERS [ONLY]]]`, on
// one worker; with ONLY mioco's alone. The process has a second thread, as both lock without an atomic instruction where there is none.

#include <cstddef>
#include <mutex>

#include <mioco/mioco.hpp>

#include "measure.hpp"

namespace {

// Not in a register: what a lock is for is memory.
std::size_t guarded = 0;

template <class Mutex>
double each_of(std::size_t count) {
    Mutex mutex;
    return bench::measure(count,
                          [&] {
                              for (std::size_t i = 0; i < count; ++i) {
                                  const std::scoped_lock held(mutex);
                                  ++guarded;
                              }
                          })
        .wall_ns;
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 20'000'000);
    const bench::sleeping_thread beside;
    mioco::run(mioco::config{}.workers(1), [&] {
        const double ours = each_of<mioco::mutex>(count);
        const double standard = argc > 3 ? 0 : each_of<std::mutex>(count);
        std::printf(
            "{\"case\": \"mutex_alone\", \"workers\": 1, \"count\": %zu, \"mioco_ns\": %.2f, "
            "\"std_ns\": %.2f}\n",
            count, ours, standard);
    });
}
