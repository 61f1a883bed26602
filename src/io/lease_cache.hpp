// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "io/lease_buffer.hpp"

namespace mioco::detail {

/// A worker's free buffers for leases.
class lease_cache {
public:
    lease_cache() = default;
    ~lease_cache() {
        if (last_ != nullptr) free_lease(last_);
        while (std::byte* const buffer = usual_.take()) free_lease(buffer);
        while (std::byte* const buffer = large_.take()) free_lease(buffer);
    }
    lease_cache(const lease_cache&) = delete;
    lease_cache& operator=(const lease_cache&) = delete;

    /// One of the usual size, the one that came back last; null if there is none.
    std::byte* take() noexcept {
        if (std::byte* const buffer = std::exchange(last_, nullptr)) [[likely]]
            return buffer;
        return usual_.take();
    }
    /// One of a larger size; null if there is none.
    std::byte* take_large(unsigned level) noexcept {
        return large_.take_if([=](unsigned each) { return each == level; });
    }

    /// False if there are enough.
    bool keep(std::byte* buffer) noexcept {
        if (last_ == nullptr && lease_level_of(buffer) == 0) [[likely]] {
            last_ = buffer;
            return true;
        }
        return lease_level_of(buffer) == 0 ? usual_.keep(buffer) : keep_large(buffer);
    }

private:
    template <std::size_t Capacity>
    class pile {
    public:
        std::byte* take() noexcept { return count_ == 0 ? nullptr : buffers_[--count_]; }
        template <class Wanted>
        std::byte* take_if(Wanted wanted) noexcept {
            for (std::size_t i = count_; i-- > 0;) {
                if (wanted(lease_level_of(buffers_[i])))
                    return std::exchange(buffers_[i], buffers_[--count_]);
            }
            return nullptr;
        }
        bool keep(std::byte* buffer) noexcept {
            if (count_ == Capacity) return false;
            buffers_[count_++] = buffer;
            return true;
        }

    private:
        std::size_t count_ = 0;
        std::array<std::byte*, Capacity> buffers_;
    };

    // One of another size makes room: streams that grow leave a size behind that nobody may ask for again.
    [[gnu::noinline]] bool keep_large(std::byte* buffer) noexcept {
        if (large_leases_are_scarce()) return false;
        if (large_.keep(buffer)) return true;
        const unsigned level = lease_level_of(buffer);
        std::byte* const other = large_.take_if([=](unsigned each) { return each != level; });
        if (other == nullptr) return false;
        free_lease(other);
        return large_.keep(buffer);
    }

    std::byte* last_ = nullptr;  // nearly always there is one, and one is enough
    pile<32> usual_;
    pile<4> large_;
};

}  // namespace mioco::detail
