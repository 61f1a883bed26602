// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <utility>

namespace mioco {

/// A descriptor that is closed with the object; move-only. It knows nothing of fibers: give what `release` returns to an `adopt` of
/// the type that fits. In the original since 0.1.
class owned_fd {
public:
    /// No descriptor.
    owned_fd() noexcept = default;
    /// Takes an open descriptor over; a negative number is none.
    explicit owned_fd(int fd) noexcept : fd_(fd) {}
    /// Takes the other's descriptor.
    owned_fd(owned_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    /// Closes the own descriptor and takes the other's.
    owned_fd& operator=(owned_fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    owned_fd(const owned_fd&) = delete;
    owned_fd& operator=(const owned_fd&) = delete;
    /// Closes it.
    ~owned_fd() { reset(); }

    /// The descriptor, which stays this object's; -1 without one.
    [[nodiscard]] int get() const noexcept { return fd_; }
    /// Whether there is one.
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    /// Gives the descriptor to the caller, who closes it; -1 if there is none.
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    /// Closes it now. Does not wait for anybody.
    void reset() noexcept;

private:
    int fd_ = -1;
};

}  // namespace mioco
