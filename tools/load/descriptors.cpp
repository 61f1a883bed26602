// SPDX-License-Identifier: MPL-2.0
#include "descriptors.hpp"

#include <string>

#include <sys/resource.h>

#include "errors.hpp"

namespace mioco::load {

void allow_connections(std::size_t count) {
    // The standard streams and what the runtime's workers use.
    constexpr rlim_t others = 64;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t needed = count + others;
    if (limit.rlim_cur >= needed) return;
    if (limit.rlim_max < needed) {
        throw bad_argument(std::to_string(count) + " connections need " + std::to_string(needed) +
                           " descriptors, and this process may have " +
                           std::to_string(limit.rlim_max) +
                           "; ask for fewer, or raise the limit (\"ulimit -Hn\", as root)");
    }
    limit.rlim_cur = needed;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace mioco::load
