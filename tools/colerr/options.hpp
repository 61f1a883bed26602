// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace colerr {

struct options {
    bool color = false;
    std::vector<std::string> command;  // with its arguments; never empty
};

/// What env(1), timeout(1) and others return for their own failures, as the command's are passed on.
inline constexpr int own_failure = 125;

/// Reads the command line. `status` is set if there is nothing to run: help was asked for and printed, or an error was.
std::optional<options> parse(int argc, char** argv, int& status);

}  // namespace colerr
