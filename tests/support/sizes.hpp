// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string_view>

#include "context/sanitizer.hpp"

// How big the tests are: in a plain build, under a sanitizer, and when MIOCO_MIGRATE=always has each
// resume go through another thread. All sizes stand here.

namespace mioco_test {

struct size {
    std::size_t plain;
    std::size_t sanitizer;
    std::size_t migrate;
};

#if defined(MIOCO_ASAN) || defined(MIOCO_TSAN)
inline constexpr bool with_sanitizer = true;
#else
inline constexpr bool with_sanitizer = false;
#endif

inline bool migrates_always() {
    const char* const setting = std::getenv("MIOCO_MIGRATE");
    return setting != nullptr && std::string_view(setting) == "always";
}

inline std::size_t here(size of) {
    std::size_t result = with_sanitizer ? of.sanitizer : of.plain;
    if (migrates_always()) result = std::min(result, of.migrate);
    return result;
}

inline constexpr size parked_fibers{1'000'000, 50'000, 100'000};
inline constexpr size sleeping_fibers{250'000, 20'000, 50'000};
inline constexpr size yields{10'000'000, 100'000, 100'000};
inline constexpr size runtime_starts{1'000, 200, 1'000};
inline constexpr size runtime_starts_of_twenty_threads{100, 20, 100};
inline constexpr size signalled_objects{50, 20, 50};  // of each of four
inline constexpr size spawned_in_a_row{100'000, 10'000, 20'000};
inline constexpr size queue_items{200'000, 50'000, 200'000};
inline constexpr size visits_in_a_storm{8'000, 1'000, 4'000};
inline constexpr size locked_increments{16'384, 256, 16'384};
inline constexpr size chain{1'024, 1'024, 1'024};
inline constexpr size made_up_programs{5'000, 200, 5'000};
inline constexpr size connections_at_once{10'000, 2'000, 10'000};

}  // namespace mioco_test
