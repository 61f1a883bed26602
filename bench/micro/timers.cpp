// SPDX-License-Identifier: MPL-2.0
// What a deadline costs that is set for a wait and cleared as the wait ends in time, while many others are pending:
// `timers [COUNT [WORKERS [PENDING]]]`, on one worker. Two fibers throw a number to and fro, which is two waits; the difference between doing so with a
// deadline on each wait and without is told, a deadline.

#include <chrono>
#include <cstddef>

#include <mioco/mioco.hpp>

#include "measure.hpp"

namespace {

using namespace std::chrono_literals;

template <class Receive>
void throw_to_and_fro(std::size_t count, Receive receive) {
    auto [there, from_here] = mioco::channel<std::size_t>(1);
    auto [back, from_there] = mioco::channel<std::size_t>(1);
    auto other = mioco::spawn([&, in = std::move(from_here), out = std::move(back)] {
        while (const auto number = receive(in)) out.send(*number);
    });
    for (std::size_t i = 0; i < count; ++i) {
        there.send(i);
        if (receive(from_there) != i) std::abort();
    }
    there.close();
    other.join();
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 2'000'000);
    const std::size_t pending = bench::argument(argc, argv, 3, 1'000'000);
    mioco::runtime runtime(mioco::config{}.workers(1));
    runtime
        .spawn([&] {
            for (std::size_t i = 0; i < pending; ++i)
                mioco::spawn([i] { mioco::sleep_for(1h + std::chrono::microseconds(i)); }).detach();
            mioco::yield();
            using channel_end = mioco::receiver<std::size_t>;
            const auto with = bench::measure(2 * count, [&] {
                throw_to_and_fro(count, [](const channel_end& in) { return in.try_recv_for(5s); });
            });
            const auto without = bench::measure(2 * count, [&] {
                throw_to_and_fro(count, [](const channel_end& in) { return in.recv(); });
            });
            std::printf(
                "{\"case\": \"timers\", \"workers\": 1, \"count\": %zu, \"pending\": %zu, "
                "\"with_ns\": %.2f, \"without_ns\": %.2f, \"deadline_ns\": %.2f}\n",
                count, pending, with.wall_ns, without.wall_ns, with.wall_ns - without.wall_ns);
        })
        .join();
    runtime.stop();
}
