// SPDX-License-Identifier: MPL-2.0
// The switch between two stacks alone, without scheduler or parking: `context_switch [COUNT]`.
//
// A switch ends in a return, which the CPU predicts where both sides were suspended at the same place, as fibers that
// yield in one loop are. "elsewhere_cpu_ns" is the other case: the two sides have a loop each.

#include "context/context.hpp"

#include <cstddef>
#include <vector>

#include "measure.hpp"

namespace {

using mioco::detail::context;

struct sides {
    context main;
    context other;
    std::size_t turns;
};

[[gnu::noinline]] void take_turns(context& self, context& other, std::size_t turns) {
    for (std::size_t i = 0; i < turns; ++i) mioco::detail::switch_context(self, other);
}

void answer_in_the_same_loop(void* argument) {
    auto& s = *static_cast<sides*>(argument);
    mioco::detail::context_started();
    take_turns(s.other, s.main, s.turns + 1);
}

void answer_in_another_loop(void* argument) {
    auto& s = *static_cast<sides*>(argument);
    mioco::detail::context_started();
    for (;;) mioco::detail::switch_context(s.other, s.main);
}

bench::times measure_against(void (*other_side)(void*), std::size_t count) {
    std::vector<std::byte> stack(std::size_t{64} * 1024);
    sides s{.main = {}, .other = {}, .turns = count / 2};
    mioco::detail::adopt_thread(s.main);
    mioco::detail::make_context(s.other, stack.data(), stack.data() + stack.size(), other_side, &s);
    const bench::times each = bench::measure(count, [&] { take_turns(s.main, s.other, s.turns); });
    mioco::detail::destroy_context(s.other);
    return each;
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = bench::argument(argc, argv, 1, 100'000'000);
    const bench::times same = measure_against(answer_in_the_same_loop, count);
    const bench::times elsewhere = measure_against(answer_in_another_loop, count);
    bench::begin_report("context_switch", 1, count, same);
    std::printf(", \"elsewhere_cpu_ns\": %.2f}\n", elsewhere.cpu_ns);
}
