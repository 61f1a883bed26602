// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <new>

namespace mioco::detail {

/// A worker's free buffers for leases.
class lease_cache {
public:
    lease_cache() = default;
    ~lease_cache() {
        while (count_ != 0) ::operator delete(buffers_[--count_]);
    }
    lease_cache(const lease_cache&) = delete;
    lease_cache& operator=(const lease_cache&) = delete;

    /// One of them, or else what `allocate` returns.
    template <class Allocate>
    std::byte* take_or(Allocate allocate) {
        if (count_ == 0) [[unlikely]]
            return allocate();
        return buffers_[--count_];
    }
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
