// SPDX-License-Identifier: MPL-2.0
#pragma once

namespace mioco::detail {

/// Whether `MIOCO_LOG` asks for a log of what the runtime does.
extern const bool log_enabled;

/// Writes one line to stderr, with the calling worker and fiber in front: `T0: C17: parks to read fd 5`.
[[gnu::format(printf, 1, 2)]] void log_line(const char* format, ...) noexcept;

/// Throws `std::invalid_argument` when `MIOCO_LOG` holds something else than 0 or 1.
void check_log_setting();

}  // namespace mioco::detail

/// Evaluates its arguments only when the log is on.
#define MIOCO_LOG(...)                                 \
    do {                                               \
        if (::mioco::detail::log_enabled) [[unlikely]] \
            ::mioco::detail::log_line(__VA_ARGS__);    \
    } while (false)
