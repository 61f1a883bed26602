// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace mioco::load {

/// A line on stderr that is rewritten each second, if stderr is a terminal; nothing otherwise.
class progress {
public:
    using clock = std::chrono::steady_clock;

    explicit progress(clock::time_point start);
    /// Removes the line.
    ~progress();
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;

    /// Shows where things stand if a second has passed since the last time. Counts are those since
    /// the start.
    void update(clock::time_point now, std::uint64_t answered, std::uint64_t failures);

private:
    clock::time_point start_;
    clock::time_point last_;
    std::uint64_t last_answered_ = 0;
    bool on_terminal_;
    bool shown_ = false;
};

}  // namespace mioco::load
