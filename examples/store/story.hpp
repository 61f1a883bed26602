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
    /// For `mioco::sim::config::on_event`. The trace is also the clock of what the program tells.
    void trace(std::string_view line);
    void tell(const std::string& who, const std::string& what);

    /// What the program tells, but of the clients' writes those of that key alone.
    void print_about(const std::string& key) const;
    /// The last lines of all.
    void print_end(std::size_t most) const;

private:
    struct line {
        bool is_traced = false;
        bool is_of_client = false;
        std::string text;
    };

    std::string now_;
    std::vector<line> lines_;
};

}  // namespace store
