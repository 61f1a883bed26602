// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/detail/fd_ref.hpp>

namespace mioco {

/// What every open socket and pipe end can do with its descriptor.
template <class Self>
class fd_handle {
public:
    /// Whether there is a descriptor that was not closed by `close`.
    [[nodiscard]] bool is_open() const noexcept { return detail::fd_native(fd()) >= 0; }
    /// The descriptor, which stays this object's; -1 without one.
    [[nodiscard]] int native_handle() const noexcept { return detail::fd_native(fd()); }

    /// Ends it and wakes whoever waits on it with `std::errc::bad_file_descriptor`. Does not block, and is no cancellation point.
    void close() noexcept { detail::fd_close(fd()); }

    /// Gives the descriptor to the caller, who closes it; it is blocking then, unless it was adopted non-blocking. The object is
    /// left without one. Throws `std::system_error` (`device_or_resource_busy`) while a call waits on it or a half shares it; one that was
    /// woken and has not run yet fails with `bad_file_descriptor`. A call that is running on another thread must be waited for first.
    int release() { return release_with(nullptr); }
    /// The same, with the error in `ec` and -1 returned.
    int release(std::error_code& ec) { return release_with(&ec); }

private:
    int release_with(std::error_code* ec) {
        return detail::fd_release(detail::fd_access::of(static_cast<Self&>(*this)), ec);
    }
    [[nodiscard]] const detail::fd_ref& fd() const noexcept {
        return detail::fd_access::of(static_cast<const Self&>(*this));
    }
};

}  // namespace mioco
