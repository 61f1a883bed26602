// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <optional>

namespace mioco::detail {

/// How memory is made inaccessible. `MADV_GUARD_INSTALL` (Linux 6.13) marks pages and makes no new mapping; `mprotect` splits
/// a mapping in two, and a process may have 65,530 of those by default.
enum class guard_method { madvise, mprotect };

/// The better one that works here, found out once. `MIOCO_GUARD=mprotect` or `=madvise` asks for one; throws
/// `std::invalid_argument` for anything else, and for `madvise` where it does nothing.
guard_method chosen_guard_method();

/// How many mappings the system lets a process have (vm.max_map_count); nothing if it does not tell.
std::optional<std::size_t> mapping_limit();

/// Makes the pages inaccessible, by the method that was chosen before. Returns 0 or an errno value.
int install_guard(void* base, std::size_t bytes) noexcept;

}  // namespace mioco::detail
