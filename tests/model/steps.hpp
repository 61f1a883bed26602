// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <vector>

#include "support/source_text.hpp"

// The steps of a text under test: where they are met, and which of them is left out. docs/model-checking.md explains it.

namespace mioco::model {

using place = std::source_location;

/// An operation that writes, that makes a thread wait, or that wakes one.
struct step {
    unsigned line = 0;
    unsigned column = 0;
    std::uint64_t scenarios = 0;  // a bit for each that has met it
};

/// All steps that are met in one file.
class steps_of_text {
public:
    /// The file under test, as the end of its path. Forgets what was met.
    void begin(const char* file) {
        file_ = mioco_test::file_under_test(file);
        met_.clear();
        leave_out_none();
    }
    void end() { file_ = mioco_test::file_under_test(); }
    void begin_scenario(unsigned number) { scenario_ = std::uint64_t{1} << number; }

    void leave_out(std::size_t number) { left_out_ = number; }
    void leave_out_none() { left_out_ = nobody; }

    /// Whether it is the one that is left out.
    bool meet(const place& at) {
        if (!file_.is(at.file_name())) return false;
        std::size_t i = 0;
        while (i < met_.size() && (met_[i].line != at.line() || met_[i].column != at.column())) ++i;
        if (i == met_.size()) met_.push_back({at.line(), at.column(), 0});
        met_[i].scenarios |= scenario_;
        return i == left_out_;
    }

    [[nodiscard]] const std::vector<step>& met() const { return met_; }
    /// Where the file lies; null if none of its steps was met.
    [[nodiscard]] const char* path() const { return file_.path(); }

private:
    static constexpr std::size_t nobody = static_cast<std::size_t>(-1);

    mioco_test::file_under_test file_;
    std::vector<step> met_;
    std::size_t left_out_ = nobody;
    std::uint64_t scenario_ = 0;
};

inline steps_of_text steps;

}  // namespace mioco::model
