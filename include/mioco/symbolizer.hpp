// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// What finds names of functions and lines of source for `mioco::dump`.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mioco {

/// A place in the source of a program.
struct source_place {
    /// The function, readable; empty: not known.
    std::string function;
    /// The source file; empty: not known.
    std::string file = {};
    /// The line in it, from 1 on; 0: not known.
    unsigned line = 0;
};

/// What finds out for dumps which source an address of code came from, for those who derive from it: see `set_symbolizer`.
class symbolizer {
public:
    symbolizer() = default;
    virtual ~symbolizer() = default;
    symbolizer(const symbolizer&) = delete;
    symbolizer& operator=(const symbolizer&) = delete;

    /// Where the instruction at this address came from, the innermost function first: more than one where calls were inlined, each
    /// but the last with the place in it, and so each after the first with the place of the call. Nothing if that is not known: then the dump does
    /// by itself, as it does if this throws; what was thrown is dropped.
    ///
    /// Called by whoever makes a dump, on a worker's thread too, and by several at once. So it must not wait for a fiber, and what blocks it
    /// blocks that thread. Asked for an address once a dump.
    virtual std::vector<source_place> find(std::uintptr_t address) = 0;

    /// How many bytes of stack `find` needs at most. A dump made by a fiber that has fewer left does by itself.
    [[nodiscard]] virtual std::size_t stack_bytes() const noexcept {
        return std::size_t{16} * 1024;
    }
};

/// Has this one asked by all dumps that begin from now on; null: none. Returns who was asked before. Dumps that are under way go on with that one,
/// and keep it alive. Any thread may do this at any time; does not block. New here.
///
/// The module `mioco_backtrace` has one that knows lines and inlined calls.
std::shared_ptr<symbolizer> set_symbolizer(std::shared_ptr<symbolizer> by);

}  // namespace mioco
