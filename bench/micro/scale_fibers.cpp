// SPDX-License-Identifier: MPL-2.0
// What a fiber costs among so many, on one worker: `scale_fibers [COUNT]`. Told are the nanoseconds of processor
//
//     spawn   from a spawn to its first wait, with its stack, guard and page faults
//     few     of a yield of one of a thousand others, while these wait
//     wake    from the wake-up of all to the next wait of each
//     all     of a yield, when all do so in turn: each touches lines that only it uses
//     walk    of going to as many lines of as many such blocks and stacks in the same turn, one after the other, without fibers
//     end     of its end, once woken
//
// and the bytes of memory, page tables included.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <vector>

#include <sys/mman.h>
#include <mioco/mioco.hpp>

#include "measure.hpp"
#include "memory.hpp"

namespace {

constexpr std::size_t few = 1000;
constexpr std::size_t yields = 8'000'000;
constexpr std::size_t wakes = 1'000'000;

struct crowd {
    std::size_t rounds;              // of waking all
    std::size_t turns;               // of the yields of all
    std::array<mioco::event, 2> go;  // by turns to the next round
    mioco::event end;
    std::size_t come = 0;  // to where this phase ends
};

void live(crowd& all) {
    for (std::size_t i = 0; i < all.rounds; ++i) {
        ++all.come;
        all.go[i % 2].wait();
    }
    for (std::size_t i = 0; i < all.turns; ++i) mioco::yield();
    ++all.come;
    all.end.wait();
    ++all.come;
}

void wait_until_all_have_come(const crowd& all, std::size_t count) {
    while (all.come < count) mioco::yield();
}

void wake_and_wait(crowd& all, std::size_t count, mioco::event& go) {
    all.come = 0;
    go.notify();
    wait_until_all_have_come(all, count);
}

// All but the last round, which leads to the yields.
double wake_all(crowd& all, std::size_t count) {
    const std::size_t rounds = all.rounds - 1;
    return bench::measure(count * rounds,
                          [&] {
                              for (std::size_t i = 0; i < rounds; ++i) {
                                  all.go[(i + 1) % 2].reset();
                                  wake_and_wait(all, count, all.go[i % 2]);
                              }
                          })
        .cpu_ns;
}

double yield_among_few() {
    std::vector<mioco::join_handle<void>> fibers;
    const auto loop = [] {
        for (std::size_t i = 0; i < yields / few; ++i) mioco::yield();
    };
    return bench::measure(yields,
                          [&] {
                              for (std::size_t i = 0; i < few; ++i)
                                  fibers.push_back(mioco::spawn(loop));
                              for (auto& each : fibers) each.join();
                          })
        .cpu_ns;
}

// A switch touches that many lines of a fiber's block and of its stack; see docs/scaling.md.
double walk(std::size_t count, std::size_t turns) {
    constexpr std::size_t line = 64;
    constexpr std::size_t lines = 3;
    constexpr std::size_t block = 256;
    constexpr std::size_t stack = mioco::config::default_stack_size_bytes;
    std::vector<std::byte> blocks(count * block);
    void* const mapped = mmap(nullptr, count * stack, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (mapped == MAP_FAILED) return 0;
    madvise(mapped, count * stack, MADV_NOHUGEPAGE);
    auto* const stacks = static_cast<std::byte*>(mapped);
    const auto turn = [&] {
        std::size_t last =
            0;  // 0 in fact: only so that one does not begin before the last is there
        for (std::size_t i = 0; i < count; ++i) {
            auto* const own = static_cast<volatile std::byte*>(&blocks[i * block]) + last;
            std::byte* const top = stacks + (i + 1) * stack - (i % 16 + lines) * line;
            auto* const frames =
                static_cast<volatile std::byte*>(top) + std::to_integer<std::size_t>(own[0]);
            for (std::size_t k = 0; k < lines; ++k) {
                last = std::to_integer<std::size_t>(frames[k * line]);
                frames[k * line] = std::byte{};
                own[k * line] = std::byte{};
            }
        }
    };
    turn();
    const double each = bench::measure(count * turns, [&] {
                            for (std::size_t i = 0; i < turns; ++i) turn();
                        }).cpu_ns;
    munmap(mapped, count * stack);
    return each;
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 100'000);
    const std::size_t turns = std::max<std::size_t>(1, yields / count);
    const double walked = walk(count, turns);
    mioco::run(mioco::config{}.workers(1), [&] {
        crowd all{.rounds = 1 + std::max<std::size_t>(1, wakes / count),
                  .turns = turns,
                  .go = {},
                  .end = {}};
        const std::size_t before = bench::memory_bytes();
        std::vector<mioco::join_handle<void>> fibers;
        fibers.reserve(count);
        const double spawned = bench::measure(count, [&] {
                                   for (std::size_t i = 0; i < count; ++i)
                                       fibers.push_back(mioco::spawn([&] { live(all); }));
                                   wait_until_all_have_come(all, count);
                               }).cpu_ns;
        const double bytes =
            static_cast<double>(bench::memory_bytes() - before) / static_cast<double>(count);
        yield_among_few();  // finds their memory
        const double among_few = yield_among_few();
        const double woken = wake_all(all, count);
        const double in_turn = bench::measure(count, [&] {
                                   wake_and_wait(all, count, all.go[(all.rounds - 1) % 2]);
                               }).cpu_ns;
        const double ended =
            bench::measure(count, [&] { wake_and_wait(all, count, all.end); }).cpu_ns;
        std::printf(
            "{\"case\": \"scale_fibers\", \"workers\": 1, \"count\": %zu, \"spawn_ns\": %.2f, "
            "\"few_ns\": %.2f, \"wake_ns\": %.2f, \"all_ns\": %.2f, \"walk_ns\": %.2f, "
            "\"end_ns\": %.2f, \"bytes\": %.0f}\n",
            count, spawned, among_few, woken, (in_turn - woken) / static_cast<double>(turns),
            walked, ended, bytes);
        for (auto& each : fibers) each.join();
    });
}
