// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "stack/stack.hpp"

// How deep stacks go, for runtimes that ask: a stack is filled with a pattern before its fiber begins, and the lowest word that differs
// afterwards is how deep that one went. Nothing less than all of it is filled, as a stack may have been a deeper fiber's before.

namespace mioco::detail {

/// Fills the stack, and makes it of the kind that is measured.
void begin_measuring(stack& fresh) noexcept;

/// Notes how deep the fiber of that name went, and returns the stack, of its own kind again.
stack finish_measuring(stack used, std::string_view name) noexcept;

/// [any] How many bytes of a measured stack have been used so far. It may be in use.
std::size_t deepest_use(const stack& measured) noexcept;

struct stack_record {
    std::uint64_t fibers = 0;
    std::size_t deepest_bytes = 0;

    void add(std::size_t bytes) noexcept;
};
using stack_records = std::map<std::string, stack_record, std::less<>>;

/// To the record of that name, cut as in a dump, or if there are too many to one for all others. Throws std::bad_alloc.
void add_record(stack_records& into, std::string_view name, std::size_t bytes);

/// Of all fibers that have ended. Throws std::bad_alloc.
stack_records recorded_stacks();

}  // namespace mioco::detail
