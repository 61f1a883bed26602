// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace store {

/// What happened in a simulated round, for people: what the program tells, and from the trace of the simulation what became of
/// connections.
class story {
public:
    /// For `mioco::sim::config::on_event`.
    void trace(std::string_view line);
    /// By a fiber. It looks at the clock, so that must not take time in a simulation which is to be the same without the story.
    void tell(const std::string& who, const std::string& what);

    /// The last lines, but of the clients' those about that key alone.
    void print_about(const std::string& key, bool with_trace, std::size_t most) const;

private:
    enum class source { program, client, trace };
    struct line {
        source from;
        std::string text;
    };

    std::vector<line> lines_;
};

}  // namespace store
