// SPDX-License-Identifier: MPL-2.0
#include "fiber/fiber_table.hpp"

#include <array>
#include <cstddef>

#include "debug/gdb/layout.hpp"
#include "fiber/fiber_extras.hpp"

namespace mioco::detail {

static_assert(sizeof(context) != sizeof(void*) || sizeof(fiber) == 256,
              "the memory of a parked fiber counts");

constinit fiber_table all_fibers;

namespace {

constexpr std::uint64_t stamp_unit_log2_ns = 20;
static_assert(clock_stamp(nanoseconds_t{1} << stamp_unit_log2_ns) == 1);

// With room for reasons to come.
constexpr std::array<const char*, 64> reason_texts = [] {
    std::array<const char*, 64> texts{};
    for (std::size_t i = 0; i < texts.size(); ++i)
        texts[i] = facts_of(static_cast<wait_reason>(i)).text;
    return texts;
}();

}  // namespace

}  // namespace mioco::detail

[[gnu::used]] constinit const mioco::detail::gdb_layout mioco_gdb_layout = {
    .chunks = &mioco::detail::all_fibers,
    .chunk_count = mioco::detail::fiber_table::most_chunks,
    .blocks_a_chunk = mioco::detail::fiber_table::blocks_a_chunk,
    .block_bytes = sizeof(mioco::detail::fiber),
    .stack_pointer = offsetof(mioco::detail::fiber, ctx.stack_pointer),
    .on = offsetof(mioco::detail::fiber, on),
    .word = offsetof(mioco::detail::fiber, word),
    .home = offsetof(mioco::detail::fiber, home),
    .parked_at = offsetof(mioco::detail::fiber, parked_at),
    .waits_for = offsetof(mioco::detail::fiber, waits_for),
    .id = offsetof(mioco::detail::fiber, id),
    .stack_base = offsetof(mioco::detail::fiber, memory.base),
    .stack_size_log2 = offsetof(mioco::detail::fiber, memory.kind.size_log2),
    .extras = offsetof(mioco::detail::fiber, extras),
    .name = sizeof(mioco::detail::fiber_extras),
    .claimed = mioco::detail::wait_word::bits::claimed,
    .parked = mioco::detail::wait_word::bits::parked,
    .kept = mioco::detail::wait_word::bits::kept,
    .stamp_unit_log2_ns = mioco::detail::stamp_unit_log2_ns,
    .reasons = mioco::detail::reason_texts.data(),
    .reason_count = mioco::detail::reason_texts.size()};
