// SPDX-License-Identifier: MPL-2.0
// One fiber hands numbers to another over a channel without room: `channel_handover [ITEMS [WORKERS]]`.

#include <cstddef>

#include <mioco/mioco.hpp>

#include "measure.hpp"

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 5'000'000);
    const std::size_t workers = bench::argument(argc, argv, 2, 1);
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        auto [out, in] = mioco::channel<std::size_t>(0);
        std::size_t sum = 0;
        const bench::times each = bench::measure(count, [&, out = std::move(out)]() mutable {
            auto taker = mioco::spawn([&sum, in = std::move(in)] {
                for (const std::size_t number : in) sum += number;
            });
            for (std::size_t i = 0; i < count; ++i) out.send(i);
            out.close();
            taker.join();
        });
        if (sum != count * (count - 1) / 2) std::abort();
        bench::report("channel_handover", workers, count, each);
    });
}
