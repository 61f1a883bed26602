// SPDX-License-Identifier: MPL-2.0
#pragma once

// Cheap checks of the runtime's own state transitions. They stay on in release: a broken invariant in a scheduler shows
// itself, if at all, as a hang somewhere else. Only those that are passed for every message are left out there.

namespace mioco::detail {

[[noreturn]] void assertion_failed(const char* condition, const char* expected, const char* file,
                                   int line) noexcept;

}  // namespace mioco::detail

#define MIOCO_ASSERT(condition, expected)                                                \
    do {                                                                                 \
        if (!(condition)) [[unlikely]]                                                   \
            ::mioco::detail::assertion_failed(#condition, expected, __FILE__, __LINE__); \
    } while (false)

#if defined(NDEBUG)
#define MIOCO_DEBUG_ASSERT(condition, expected) static_cast<void>(0)
#else
#define MIOCO_DEBUG_ASSERT(condition, expected) MIOCO_ASSERT(condition, expected)
#endif
