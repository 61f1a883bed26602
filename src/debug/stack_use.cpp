// SPDX-License-Identifier: MPL-2.0
#include <mioco/stack_use.hpp>

#include <algorithm>
#include <functional>

#include "base/racing.hpp"
#include "fiber/fiber_extras.hpp"
#include "fiber/fiber_table.hpp"
#include "stack/stack_measure.hpp"

namespace mioco {

namespace detail {

namespace {

// Keeps what is read before it there, and what is read after it as well: an addition of nothing to a word that others may
// change.
void keep_order(fiber& f) noexcept { static_cast<void>(f.word.is_still_open(0)); }

// A fiber gives its stack up, and its block tells so, before anybody else may write there. Blocks forget their last stack before they
// get another one, so a kind that is read after the base is never that of an earlier, larger stack.
void look_at_living(fiber& f, stack_records& into) {
    if (f.home.load(std::memory_order_acquire) == nullptr) return;
    const std::uint64_t id = f.number();
    std::byte* const base = load_racing(f.memory.base);
    keep_order(f);
    const stack memory{base, load_racing(f.memory.kind)};
    if (!memory || !memory.kind.is_measured()) return;
    keep_order(f);
    const std::size_t bytes = deepest_use(memory);
    char name[64];
    copy_name(f, name, sizeof name);
    keep_order(f);
    if (load_racing(f.memory.base) == base && f.number() == id) add_record(into, name, bytes);
}

}  // namespace

}  // namespace detail

std::vector<stack_use_of_name> stack_use() {
    // Those who live come first, so that nobody who ends in between is missed.
    detail::stack_records all;
    detail::all_fibers.for_each([&](detail::fiber& f) { detail::look_at_living(f, all); });
    for (const auto& [name, ended] : detail::recorded_stacks()) {
        detail::stack_record& sum = all[name];
        sum.fibers += ended.fibers;
        sum.deepest_bytes = std::max(sum.deepest_bytes, ended.deepest_bytes);
    }
    std::vector<stack_use_of_name> uses;
    for (const auto& [name, sum] : all) uses.push_back({name, sum.fibers, sum.deepest_bytes});
    std::ranges::sort(uses, std::greater<>(), &stack_use_of_name::deepest_bytes);
    return uses;
}

}  // namespace mioco
