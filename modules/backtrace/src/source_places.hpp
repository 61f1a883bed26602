// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <vector>

#include <elfutils/libdwfl.h>

#include <mioco/symbolizer.hpp>

namespace mioco::backtrace {

/// Which source the address came from, the innermost function first; nothing if the module does not tell.
std::vector<source_place> find_places(Dwfl_Module* module, Dwarf_Addr address);

}  // namespace mioco::backtrace
