// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

namespace mioco::detail {
struct lease_access;
void give_back_lease(std::byte* buffer) noexcept;
}  // namespace mioco::detail

namespace mioco::net {

/// Bytes that were read into a buffer of the runtime's. The buffer goes back with the object, on whichever thread
/// that is; so a connection that waits for data holds none. Contiguous, move-only, a `byte_range`.
class leased_bytes {
public:
    /// No bytes.
    leased_bytes() noexcept = default;
    /// Takes the other's buffer.
    leased_bytes(leased_bytes&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    /// Gives the own buffer back and takes the other's.
    leased_bytes& operator=(leased_bytes&& other) noexcept {
        if (this != &other) {
            if (data_ != nullptr) detail::give_back_lease(data_);
            data_ = std::exchange(other.data_, nullptr);
            size_ = std::exchange(other.size_, 0);
        }
        return *this;
    }
    leased_bytes(const leased_bytes&) = delete;
    leased_bytes& operator=(const leased_bytes&) = delete;
    /// Gives the buffer back.
    ~leased_bytes() {
        if (data_ != nullptr) detail::give_back_lease(data_);
    }

    /// The first byte.
    [[nodiscard]] std::byte* data() noexcept { return data_; }
    /// The first byte.
    [[nodiscard]] const std::byte* data() const noexcept { return data_; }
    /// How many bytes were read.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Whether the peer had closed, so that nothing was read.
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    /// The first byte.
    [[nodiscard]] std::byte* begin() noexcept { return data_; }
    /// Past the last byte.
    [[nodiscard]] std::byte* end() noexcept { return data_ + size_; }
    /// The first byte.
    [[nodiscard]] const std::byte* begin() const noexcept { return data_; }
    /// Past the last byte.
    [[nodiscard]] const std::byte* end() const noexcept { return data_ + size_; }
    /// The bytes as characters; valid while the object lives.
    [[nodiscard]] std::string_view text() const noexcept {
        return {static_cast<const char*>(static_cast<const void*>(data_)), size_};
    }

    /// The most bytes that one lease holds.
    static constexpr std::size_t capacity_bytes = std::size_t{256} * 1024;
    /// The most that one holds of a stream whose messages have been small so far.
    static constexpr std::size_t usual_bytes = std::size_t{16} * 1024;

private:
    friend struct detail::lease_access;
    leased_bytes(std::byte* data, std::size_t size) noexcept : data_(data), size_(size) {}

    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace mioco::net

namespace mioco::detail {

struct lease_access {
    static net::leased_bytes make(std::byte* buffer, std::size_t size) noexcept {
        return {buffer, size};
    }
};

}  // namespace mioco::detail
