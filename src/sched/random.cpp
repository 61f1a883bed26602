// SPDX-License-Identifier: MPL-2.0
#include <mioco/detail/random.hpp>

#include "io/driver.hpp"
#include "sched/current.hpp"

namespace mioco::detail {

std::uint32_t random_below(std::uint32_t count) noexcept {
    std::uint64_t& state = current_thread().random;
    if (state == 0) [[unlikely]]
        state = current_driver().random() | 1;
    // Marsaglia's xorshift: never 0 again.
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<std::uint32_t>((state >> 32) * count >> 32);
}

}  // namespace mioco::detail
