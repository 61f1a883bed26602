// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

// What everything that is open shares: a counted reference to the descriptor, and how the mix-ins get at it.

namespace mioco::detail {

struct fd_object;

/// A counted reference to an open descriptor.
class fd_ref {
public:
    fd_ref() noexcept = default;
    explicit fd_ref(fd_object& counted) noexcept : object_(&counted) {}
    fd_ref(fd_ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    fd_ref& operator=(fd_ref&& other) noexcept {
        if (this != &other) {
            reset();
            object_ = std::exchange(other.object_, nullptr);
        }
        return *this;
    }
    fd_ref(const fd_ref&) = delete;
    fd_ref& operator=(const fd_ref&) = delete;
    ~fd_ref() { reset(); }

    void reset() noexcept;
    /// The object no longer holds a descriptor that was this reference's.
    void forget() noexcept { object_ = nullptr; }
    [[nodiscard]] fd_ref share() const noexcept;
    [[nodiscard]] fd_object* get() const noexcept { return object_; }

private:
    fd_object* object_ = nullptr;
};

using bytes = std::span<std::byte>;
using const_bytes = std::span<const std::byte>;

void fd_close(const fd_ref& fd) noexcept;
/// -1 after a failure that `ec` tells.
int fd_release(fd_ref& fd, std::error_code* ec);
int fd_native(const fd_ref& fd) noexcept;

/// For the mix-ins: the descriptor of a class that has one, as `fd_`, and befriends this.
struct fd_access {
    template <class Self>
    static fd_ref& of(Self& self) noexcept
        requires requires { self.fd_; }
    {
        return self.fd_;
    }
    template <class Self>
    static const fd_ref& of(const Self& self) noexcept
        requires requires { self.fd_; }
    {
        return self.fd_;
    }
};

}  // namespace mioco::detail
