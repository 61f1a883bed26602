// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// How deep the stacks of fibers go.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mioco {

/// What `stack_use` tells of the fibers with one name.
struct stack_use_of_name {
    /// Their name; empty: they have none.
    std::string name;
    /// How many they are, those that have ended included.
    std::uint64_t fibers = 0;
    /// How many bytes of its stack the one used that went deepest, from the stack's upper end to the lowest word that it has written.
    std::size_t deepest_bytes = 0;
};

/// How deep the stacks of fibers went until now, for each name of fibers, the deepest first: of all runtimes with
/// `config::measure_stacks`, of fibers that live as well as of those that have ended since the process began. Beyond a thousand names all others are
/// told together, as "(other names)". A name is cut as in a `dump`.
///
/// What is reserved and never written, as the far end of a large array may be, is not counted. Nor is the guard, which is part of the size
/// that `config::stack_size` sets, and the up to 960 bytes by which stacks begin at different places.
///
/// May be called by fibers and threads at any time, while everything else goes on: a fiber that ends meanwhile may be counted twice. Looks through
/// the stacks of all living fibers, some ten microseconds each. Does not wait otherwise; not a cancellation point. Throws `std::bad_alloc`. New
/// here.
[[nodiscard]] std::vector<stack_use_of_name> stack_use();

}  // namespace mioco
