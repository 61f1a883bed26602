// SPDX-License-Identifier: MPL-2.0
// One fiber sends numbers to another over a channel with room for 128: `channel_stream [ITEMS [WORKERS [BESIDE]]]`.
// With BESIDE the process has one thread more, which sleeps.

#include <cstddef>
#include <optional>

#include <mioco/mioco.hpp>

#include "measure.hpp"

int main(int argc, char** argv) {
    constexpr std::size_t room = 128;
    const std::size_t count = bench::argument(argc, argv, 1, 20'000'000);
    const std::size_t workers = bench::argument(argc, argv, 2, 1);
    std::optional<bench::sleeping_thread> beside;
    if (argc > 3) beside.emplace();
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        auto [out, in] = mioco::channel<std::size_t>(room);
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
        bench::report("channel_stream", workers, count, each);
    });
}
