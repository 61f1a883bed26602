// SPDX-License-Identifier: MPL-2.0
// Two fibers throw a number to and fro over two channels, and each waits for it in a select beside another channel on which nothing comes:
// `select_pingpong [ROUNDS [WORKERS]]`.

#include <cstddef>
#include <variant>

#include <mioco/mioco.hpp>

#include "measure.hpp"

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 2'000'000);
    const std::size_t workers = bench::argument(argc, argv, 2, 1);
    mioco::run(mioco::config{}.workers(static_cast<unsigned>(workers)), [&] {
        auto [there, from_here] = mioco::channel<std::size_t>(1);
        auto [back, from_there] = mioco::channel<std::size_t>(1);
        auto [never_sent, quiet] = mioco::channel<std::size_t>(1);
        const auto receive = [&quiet = quiet](const mioco::receiver<std::size_t>& in) {
            return std::get<1>(mioco::select(quiet.receiving(), in.receiving()));
        };
        auto other = mioco::spawn([&, in = std::move(from_here), out = std::move(back)] {
            while (const auto number = receive(in)) out.send(*number);
        });
        const bench::times each = bench::measure(count, [&, &there = there, &in = from_there] {
            for (std::size_t i = 0; i < count; ++i) {
                there.send(i);
                if (receive(in) != i) std::abort();
            }
        });
        there.close();
        other.join();
        bench::report("select_pingpong", workers, count, each);
    });
}
