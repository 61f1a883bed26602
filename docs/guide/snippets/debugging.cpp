// SPDX-License-Identifier: MPL-2.0
// The code of docs/guide/debugging.md.
#include <cstdio>
#include <string>

#include <mioco/backtrace.hpp>
#include <mioco/mioco.hpp>

namespace debugging {

void serve_for_a_while();

void tell() {
    // snippet: dump
    mioco::dump();                                     // to stderr
    const std::string everybody = mioco::dump_text();  // or as a string
    // end
}

void tell_lines() {
    // snippet: lines
    mioco::set_symbolizer(mioco::backtrace::make_symbolizer());
    // end
}

void measure() {
    // snippet: measure
    mioco::run(mioco::config{}.measure_stacks(true), [] {
        serve_for_a_while();
        for (const auto& use : mioco::stack_use())
            std::printf("%s: %zu bytes, %llu fibers\n", use.name.c_str(), use.deepest_bytes,
                        static_cast<unsigned long long>(use.fibers));
    });
    // end
}

}  // namespace debugging
