// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cerrno>

#include "io/fd.hpp"
#include "net/stream_io.hpp"

namespace mioco::detail {

/// An end as it was when a copy began, whose caller keeps it. It may be closed or moved away while the other is waited for, perhaps
/// with another in its place.
class open_end {
public:
    explicit open_end(const fd_ref& fd) noexcept : fd_(fd), object_(*fd.get()) {}

    [[nodiscard]] fd_object& object() const noexcept { return object_; }
    [[nodiscard]] int number() const noexcept {
        return object_.number.load(std::memory_order_relaxed);
    }
    [[nodiscard]] bool is_gone() const noexcept {
        return fd_.get() != &object_ || object_.is_closed();
    }
    [[nodiscard]] ssize_t wait_for_room() const {
        if (is_gone()) return -EBADF;
        const ssize_t failure = wait_until_ready(fd_, side::write);
        return failure == 0 && is_gone() ? -EBADF : failure;
    }

private:
    const fd_ref& fd_;
    fd_object& object_;
};

}  // namespace mioco::detail
