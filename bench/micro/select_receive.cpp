// SPDX-License-Identifier: MPL-2.0
// What a receive costs in a select over four channels, one of which has items, and what it costs by itself:
// `select_receive [ITEMS]`. Filling the channel is not counted.

#include <chrono>
#include <cstddef>

#include <mioco/mioco.hpp>

#include "measure.hpp"

namespace {

using clock_type = std::chrono::steady_clock;
constexpr std::size_t room = 1024;

// Nanoseconds an item of taking them by `take`.
template <class Take>
double each_of(std::size_t count, const mioco::sender<std::size_t>& out, Take take) {
    clock_type::duration taken{};
    for (std::size_t done = 0; done < count; done += room) {
        for (std::size_t i = 0; i < room; ++i) out.send(i);
        const auto start = clock_type::now();
        for (std::size_t i = 0; i < room; ++i) {
            if (take() != i) std::abort();
        }
        taken += clock_type::now() - start;
    }
    return std::chrono::duration<double, std::nano>(taken).count() / static_cast<double>(count);
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 10'000'000) / room * room;
    mioco::run(mioco::config{}.workers(1), [&] {
        auto [out_a, a] = mioco::channel<std::size_t>(room);
        auto [out_b, b] = mioco::channel<std::size_t>(room);
        auto [out_c, c] = mioco::channel<std::size_t>(room);
        auto [out_d, d] = mioco::channel<std::size_t>(room);
        const double plain = each_of(count, out_c, [&] { return *c.recv(); });
        const double selected = each_of(count, out_c, [&] {
            const auto got =
                mioco::select(a.receiving(), b.receiving(), c.receiving(), d.receiving());
            return *std::get<2>(got);
        });
        std::printf(
            "{\"case\": \"select_receive\", \"workers\": 1, \"count\": %zu, \"receive_ns\": %.2f, "
            "\"select_ns\": %.2f}\n",
            count, plain, selected);
    });
}
