// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <vector>

namespace mioco::detail {

/// A list of plain values that needs no memory of its own up to `Few`, which are what most callers have.
template <class T, std::size_t Few>
class small_buffer {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    small_buffer() noexcept = default;
    small_buffer(const small_buffer&) = delete;
    small_buffer& operator=(const small_buffer&) = delete;
    ~small_buffer() = default;

    /// Before the first element.
    void reserve(std::size_t room) {
        if (room <= Few) return;
        many_.resize(room);
        data_ = many_.data();
    }
    /// Within what was reserved.
    void push_back(const T& value) noexcept { data_[size_++] = value; }
    void shrink_to(std::size_t size) noexcept { size_ = size; }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    T* data() noexcept { return data_; }
    T* begin() noexcept { return data_; }
    T* end() noexcept { return data_ + size_; }

private:
    std::array<T, Few> few_;
    std::vector<T> many_;
    T* data_ = few_.data();
    std::size_t size_ = 0;
};

}  // namespace mioco::detail
