// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <mioco/detail/sync.hpp>

namespace mioco::detail {

/// The block of a fiber that could be woken when it was last looked at: by its number in the table, or 0 for none.
template <class Sync = system_sync>
class basic_witness {
public:
    /// [any thread] Whoever gets the number sees the block as it was when it was told here, made at least.
    [[nodiscard]] std::uint32_t get() const noexcept {
        return index_.load(std::memory_order_acquire);
    }
    void set(std::uint32_t index) noexcept { index_.store(index, std::memory_order_release); }

private:
    // Who stores a number has seen its block made. Release and acquire pass that on: who has just begun may have seen nothing else of
    // the thread that made it.
    typename Sync::template atomic<std::uint32_t> index_{0};
};

using witness = basic_witness<>;

}  // namespace mioco::detail
