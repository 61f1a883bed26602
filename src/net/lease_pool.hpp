// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>

#include <mioco/net/leased_bytes.hpp>

namespace mioco::detail {
class worker;
}

namespace mioco::net {

struct lease_access {
    /// A buffer of `leased_bytes::capacity_bytes`: the one that this worker used last, which is still in its cache. `here` may be
    /// null. Throws std::bad_alloc.
    static std::byte* borrow(detail::worker* here);
    static void give_back(std::byte* buffer, detail::worker* here) noexcept;
    static leased_bytes make(std::byte* buffer, std::size_t size) noexcept { return {buffer, size}; }
};

}  // namespace mioco::net

namespace mioco::detail {

/// A worker's free buffers for leases.
class lease_cache {
public:
    lease_cache() = default;
    ~lease_cache();
    lease_cache(const lease_cache&) = delete;
    lease_cache& operator=(const lease_cache&) = delete;

    /// Null if there is none.
    std::byte* take() noexcept { return count_ == 0 ? nullptr : buffers_[--count_]; }
    /// False if there are enough.
    bool keep(std::byte* buffer) noexcept {
        if (count_ == capacity) return false;
        buffers_[count_++] = buffer;
        return true;
    }

private:
    static constexpr std::size_t capacity = 32;

    std::size_t count_ = 0;
    std::byte* buffers_[capacity];
};

}  // namespace mioco::detail
