// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string>

#include "fuzz/program.hpp"

namespace mioco_fuzz {

/// What was wrong in a run of the program; empty if nothing was. `tells`: each operation is written to stderr.
std::string run(const program& all, bool tells = false);

/// A smaller program that fails too.
program minimise(program failing);

}  // namespace mioco_fuzz
