// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include "support/process.hpp"
#include "support/sizes.hpp"

namespace mioco_test {

#if defined(MIOCO_TSAN)
inline constexpr bool fibers_take_mappings = true;  // two each, for what it keeps about them
#else
inline constexpr bool fibers_take_mappings = false;
#endif
inline constexpr std::size_t kib_a_fiber = with_sanitizer ? 64 : 6;

inline bool guards_take_mappings() {
    const char* const guard = std::getenv("MIOCO_GUARD");
    return guard != nullptr && std::string_view(guard) == "mprotect";
}

/// As many fibers as asked for, if the machine has the memory and the mappings.
inline std::size_t affordable(size wanted) {
    const std::size_t available_kib = field_of("/proc/meminfo", "MemAvailable");
    std::size_t count = std::min(here(wanted), available_kib / 2 / kib_a_fiber);
    const std::size_t mappings_each =
        (fibers_take_mappings ? 2 : 0) + (guards_take_mappings() ? 2 : 0);
    if (mappings_each != 0) {
        const auto mappings = std::stoul(contents_of("/proc/sys/vm/max_map_count"));
        count = std::min(count, (mappings - 10'000) / mappings_each);
    }
    return count;
}

}  // namespace mioco_test
