// SPDX-License-Identifier: MPL-2.0
// Two fibers wake each other by two events, as the original's `notify_pingpong`: `event_pingpong [ROUNDS [WORKERS]]`.

#include <cstddef>

#include <mioco/mioco.hpp>

#include "measure.hpp"

namespace {

void wait_and_lower(mioco::event& flag) {
    flag.wait();
    flag.reset();
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 5'000'000);
    const std::size_t workers = bench::argument(argc, argv, 2, 1);
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        mioco::event there;
        mioco::event back;
        auto other = mioco::spawn([&] {
            for (std::size_t i = 0; i < count; ++i) {
                wait_and_lower(there);
                back.notify();
            }
        });
        const bench::times each = bench::measure(count, [&] {
            for (std::size_t i = 0; i < count; ++i) {
                there.notify();
                wait_and_lower(back);
            }
        });
        other.join();
        bench::report("event_pingpong", workers, count, each);
    });
}
