// SPDX-License-Identifier: MPL-2.0
// Two fibers throw a number to and fro over two channels for one item each: `channel_pingpong [ROUNDS [WORKERS [BESIDE]]]`.
// With BESIDE the process has one thread more, which sleeps.

#include <cstddef>
#include <optional>

#include <mioco/mioco.hpp>

#include "measure.hpp"

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 5'000'000);
    const std::size_t workers = bench::argument(argc, argv, 2, 1);
    std::optional<bench::sleeping_thread> beside;
    if (argc > 3) beside.emplace();
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        auto [there, from_here] = mioco::channel<std::size_t>(1);
        auto [back, from_there] = mioco::channel<std::size_t>(1);
        auto other = mioco::spawn([in = std::move(from_here), out = std::move(back)] {
            for (const std::size_t number : in) out.send(number);
        });
        const bench::times each = bench::measure(count, [&, in = std::move(from_there)] {
            for (std::size_t i = 0; i < count; ++i) {
                there.send(i);
                if (in.recv() != i) std::abort();
            }
        });
        there.close();
        other.join();
        bench::report("channel_pingpong", workers, count, each);
    });
}
