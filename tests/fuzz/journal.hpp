// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

namespace mioco_fuzz {

/// The first thing that was wrong in a run, and an order of all that happened. A simulation has one thread, so nothing here is locked.
class journal {
public:
    explicit journal(bool tells = false) : tells_(tells) {}

    /// Later than all before.
    std::uint64_t tick() { return ++last_; }
    void fail(std::string what) {
        note(what);
        if (failure_.empty()) failure_ = std::move(what);
    }
    void note(const std::string& what) const {
        if (tells_) std::fprintf(stderr, "%s\n", what.c_str());
    }
    [[nodiscard]] bool tells() const { return tells_; }
    [[nodiscard]] const std::string& failure() const { return failure_; }

private:
    std::uint64_t last_ = 0;
    std::string failure_;
    bool tells_;
};

}  // namespace mioco_fuzz
