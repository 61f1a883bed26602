// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <mioco/net/leased_bytes.hpp>

namespace mioco::detail {

/// The sizes that leases have, each four times the one before. Level 0 is the usual one.
inline constexpr unsigned lease_levels = 3;
[[nodiscard]] constexpr std::size_t lease_bytes_of(unsigned level) noexcept {
    return net::leased_bytes::usual_bytes << (2 * level);
}
static_assert(lease_bytes_of(lease_levels - 1) == net::leased_bytes::capacity_bytes);

/// How large a descriptor's leases are: they grow with each read that fills one, and shrink after many small reads in a row. Written by
/// who reads. Two at once may lose each other's news, which makes a lease too small or too large for a while.
///
/// The first read has a larger one than usual, and if it is small, the next has not: the kernel takes the first read of a connection for a
/// measure of what its window of receipt is to be, and one that leaves half a message there makes each later message dearer.
class lease_growth {
public:
    [[nodiscard]] unsigned level() const noexcept {
        return state_.load(std::memory_order_relaxed) % lease_levels;
    }

    /// After a read into a lease with this room. Returns whether later ones are to be larger than usual.
    bool note(std::size_t count, std::size_t room) noexcept {
        const std::uint8_t state = state_.load(std::memory_order_relaxed);
        const unsigned before = state % lease_levels;
        unsigned now = before;
        unsigned small_reads = 0;
        if (count == room) {
            now = std::min(before + 1, lease_levels - 1);
        } else if (before > 0 && count < lease_bytes_of(before - 1)) {
            small_reads = state / lease_levels + 1;
            if (small_reads == small_reads_that_shrink) {
                now = before - 1;
                small_reads = 0;
            }
        }
        state_.store(static_cast<std::uint8_t>(small_reads * lease_levels + now),
                     std::memory_order_relaxed);
        return now > 0;
    }

    void reset() noexcept { state_.store(before_first_read, std::memory_order_relaxed); }

    // So many that a stream of large messages keeps its leases when a few small ones lie between.
    static constexpr unsigned small_reads_that_shrink = 16;

private:
    static constexpr std::uint8_t before_first_read =
        (small_reads_that_shrink - 1) * lease_levels + 1;
    // The number of small reads in a row, times `lease_levels`, and the level. Relaxed: nothing hangs on it.
    std::atomic<std::uint8_t> state_{before_first_read};
};

}  // namespace mioco::detail
