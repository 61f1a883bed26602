// SPDX-License-Identifier: MPL-2.0
// Reads of one byte that is there already, by turns bare, within a `with_deadline` for a time and within one until a time; and of the
// clock: `deadline_read [COUNT]`.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>

#include <mioco/mioco.hpp>

#include "measure.hpp"

namespace {

using namespace std::chrono_literals;

constexpr std::size_t reads_a_turn = 4096;  // what a pipe holds at least

void fill(mioco::pipe_writer& pipe) {
    const std::array<char, reads_a_turn> bytes{};
    pipe.write_all(bytes);
}

template <class Read>
void take_turn(mioco::pipe_writer& in, bench::times& spent, Read read) {
    fill(in);
    spent += bench::measure(1, [&] {
        for (std::size_t i = 0; i < reads_a_turn; ++i) read();
    });
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t turns =
        std::max<std::size_t>(1, bench::argument(argc, argv, 1, 4'000'000) / reads_a_turn);
    mioco::run(mioco::config{}.workers(1), [&] {
        auto [out, in] = mioco::pipe();
        char byte = 0;
        const auto read = [&, &out = out] { out.read(std::span(&byte, 1)); };
        bench::times bare;
        bench::times for_a_time;
        bench::times until_a_time;
        bench::times clock;
        auto latest = mioco::now();
        const auto until = latest + 1h;
        for (std::size_t i = 0; i < turns; ++i) {
            take_turn(in, bare, read);
            take_turn(in, for_a_time, [&] { mioco::with_deadline(1h, read); });
            take_turn(in, until_a_time, [&] { mioco::with_deadline(until, read); });
            clock += bench::measure(1, [&] {
                for (std::size_t k = 0; k < reads_a_turn; ++k) latest = mioco::now();
            });
        }
        const auto count = static_cast<double>(turns * reads_a_turn);
        bench::begin_report("deadline_read", 1, turns * reads_a_turn,
                            {bare.wall_ns / count, bare.cpu_ns / count});
        std::printf(
            ", \"bare_ns\": %.2f, \"for_ns\": %.2f, \"until_ns\": %.2f, \"clock_ns\": %.2f}\n",
            bare.cpu_ns / count, for_a_time.cpu_ns / count, until_a_time.cpu_ns / count,
            clock.cpu_ns / count);
    });
}
