// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <ranges>
#include <span>
#include <type_traits>

namespace mioco {

/// What can be written: any contiguous range of bytes or characters, such as `std::string_view`,
/// `std::vector<std::byte>` or `char[16]`. A string literal counts its terminating zero, as an array does; write a
/// `std::string_view` instead.
template <class B>
concept byte_range = std::ranges::contiguous_range<B> && std::ranges::sized_range<B> &&
                     sizeof(std::ranges::range_value_t<B>) == 1 &&
                     std::is_trivially_copyable_v<std::ranges::range_value_t<B>>;

/// What can be read into: a `byte_range` whose elements can be assigned.
template <class B>
concept mutable_byte_range =
    byte_range<B> && !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<B>>>;

namespace detail {
template <byte_range B>
std::span<const std::byte> bytes_of(const B& range) noexcept {
    return std::as_bytes(std::span(std::ranges::data(range), std::ranges::size(range)));
}
template <mutable_byte_range B>
std::span<std::byte> writable_bytes_of(B&& range) noexcept {
    return std::as_writable_bytes(std::span(std::ranges::data(range), std::ranges::size(range)));
}
}  // namespace detail

}  // namespace mioco
