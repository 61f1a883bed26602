// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace mioco::detail {

class call_texts;
class runtime_core;
struct fiber_look;

/// Where a dump goes.
class dump_sink {
public:
    dump_sink() = default;
    dump_sink(const dump_sink&) = delete;
    dump_sink& operator=(const dump_sink&) = delete;

    virtual void put(std::string_view text) = 0;

protected:
    ~dump_sink() = default;
};

/// Writes each fiber of this runtime, or of all if it is null, with the calls it is in if it waits. Throws what the sink throws.
void dump_fibers(dump_sink& into, const runtime_core* only);

/// Writes one, as it was seen. `since`: since when it waits, in the words of who asks; null: for how long, by the clock.
void put_fiber(dump_sink& into, const fiber_look& seen, const char* since, call_texts& texts);

/// Writes the line, and then one as it was seen.
void put_fiber_on_stderr(std::string_view headline, const fiber_look& seen) noexcept;

/// Writes the line, and then the runtime's fibers.
void dump_to_stderr(std::string_view headline, const runtime_core& only) noexcept;

}  // namespace mioco::detail
