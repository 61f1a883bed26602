// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

namespace mioco::detail {

/// Where things stand, for mioco-gdb.py, which reads it from the program and so needs neither debug information nor a rebuild. It
/// knows this list by its order, and by the version whether that is still the same; what a switch saves it knows from the assembly files.
struct gdb_layout {
    std::uint64_t version = 1;
    const void* chunks;  // pointers to arrays of control blocks; null: not used yet
    std::uint64_t chunk_count;
    std::uint64_t blocks_a_chunk;
    std::uint64_t block_bytes;
    // Within a block:
    std::uint64_t stack_pointer;
    std::uint64_t on;
    std::uint64_t word;
    std::uint64_t home;  // null: the block is no fiber's
    std::uint64_t parked_at;
    std::uint64_t waits_for;
    std::uint64_t id;
    std::uint64_t stack_base;
    std::uint64_t stack_size_log2;
    std::uint64_t extras;
    // Within those:
    std::uint64_t name;
    // Bits of the word:
    std::uint64_t claimed;
    std::uint64_t parked;
    std::uint64_t kept;
    // What the numbers mean:
    std::uint64_t stamp_unit_log2_ns;
    const char* const* reasons;
    std::uint64_t reason_count;
};

}  // namespace mioco::detail

/// In fiber/fiber_table.cpp, which is in every program.
extern "C" const mioco::detail::gdb_layout mioco_gdb_layout;
