// SPDX-License-Identifier: MPL-2.0
#include "io/lease_buffer.hpp"

#include <atomic>
#include <new>

#include "io/lease_growth.hpp"

namespace mioco::detail {

namespace {

constexpr std::size_t most_large_bytes = std::size_t{32} << 20;
// In all large leases that there are. Relaxed: a bound, and nobody reads anything by it.
constinit std::atomic<std::size_t> large_bytes{0};

constexpr auto alignment = std::align_val_t{alignof(lease_header)};

std::byte* begin(void* memory, unsigned level) noexcept {
    return reinterpret_cast<std::byte*>(::new (memory) lease_header{level} + 1);
}

}  // namespace

std::byte* allocate_lease() {
    return begin(::operator new(sizeof(lease_header) + lease_bytes_of(0), alignment), 0);
}

std::byte* allocate_large_lease(unsigned level) noexcept {
    const std::size_t size = lease_bytes_of(level);
    if (large_bytes.fetch_add(size, std::memory_order_relaxed) + size <= most_large_bytes) {
        if (void* const memory =
                ::operator new(sizeof(lease_header) + size, alignment, std::nothrow))
            return begin(memory, level);
    }
    large_bytes.fetch_sub(size, std::memory_order_relaxed);
    return nullptr;
}

bool large_leases_are_scarce() noexcept {
    return large_bytes.load(std::memory_order_relaxed) > most_large_bytes / 2;
}

void free_lease(std::byte* buffer) noexcept {
    if (const unsigned level = lease_level_of(buffer); level > 0)
        large_bytes.fetch_sub(lease_bytes_of(level), std::memory_order_relaxed);
    ::operator delete(reinterpret_cast<lease_header*>(buffer) - 1, alignment);
}

}  // namespace mioco::detail
