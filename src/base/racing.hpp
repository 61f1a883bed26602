// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

// Reading what another thread may be writing, without a word of it to the writer's compiler: for onlookers, who find out
// afterwards whether what they have read was in use.

namespace mioco::detail {

namespace racing {
template <std::size_t Size>
using word = std::conditional_t<
    Size == 8, std::uint64_t,
    std::conditional_t<Size == 4, std::uint32_t,
                       std::conditional_t<Size == 2, std::uint16_t, std::uint8_t>>>;
}  // namespace racing

/// What stands in memory now, read at once. In assembler, since it is no data race for a processor, but for compilers and
/// sanitizers.
template <class T>
T load_racing(const T& from) noexcept {
    constexpr std::size_t size = sizeof(T);  // NOLINT(bugprone-sizeof-expression): of pointers, too
    using word = racing::word<size>;
    static_assert(std::is_trivially_copyable_v<T> && size == sizeof(word));
    word value = 0;
#if defined(__x86_64__)
    asm volatile("mov %1, %0" : "=q"(value) : "m"(from) : "memory");
#elif defined(__aarch64__)
    if constexpr (size == 8) {
        asm volatile("ldr %0, %1" : "=r"(value) : "Q"(from) : "memory");
    } else if constexpr (size == 4) {
        asm volatile("ldr %w0, %1" : "=r"(value) : "Q"(from) : "memory");
    } else if constexpr (size == 2) {
        asm volatile("ldrh %w0, %1" : "=r"(value) : "Q"(from) : "memory");
    } else {
        asm volatile("ldrb %w0, %1" : "=r"(value) : "Q"(from) : "memory");
    }
#endif
    return std::bit_cast<T>(value);
}

/// The same for `count` words.
inline void copy_racing(std::uint64_t* to, const std::uint64_t* from, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) to[i] = load_racing(from[i]);
}

}  // namespace mioco::detail
