// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <string>
#include <system_error>

namespace mioco {

/// Thrown at a cancellation point of a fiber that was asked to stop.
///
/// Deliberately no `std::exception`: a `catch (const std::exception&)` that handles errors does not take it for one.
/// Who catches it must rethrow it; it is thrown anew at the next cancellation point in any case. It never leaves a
/// fiber: joining a cancelled fiber throws `std::system_error` with `std::errc::operation_canceled`.
class fiber_cancelled {};

/// Conditions that the operating system has no number for.
enum class errc {
    end_of_stream = 1,    ///< The peer closed before as many bytes came as were asked for.
    too_many_fibers = 2,  ///< All 16,777,215 fibers that a process can have are in use.
    channel_closed =
        3  ///< The channel takes no more items: it was closed, or nobody would receive them.
};

/// The category of `errc`; its name is "mioco".
[[nodiscard]] const std::error_category& error_category() noexcept;

/// Makes `errc` usable where a `std::error_code` is expected.
[[nodiscard]] inline std::error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), error_category()};
}

/// What `write_all` and `read_exactly` throw: an error, and how many bytes went through before it.
class io_error : public std::system_error {
public:
    /// An error that came after `transferred` bytes.
    io_error(std::error_code code, const std::string& what, std::size_t transferred)
        : std::system_error(code, what), transferred_(transferred) {}

    /// Bytes that were written or read before the error. They are not lost: the peer has them, or the buffer does.
    [[nodiscard]] std::size_t transferred() const noexcept { return transferred_; }

private:
    std::size_t transferred_;
};

}  // namespace mioco

template <>
struct std::is_error_code_enum<mioco::errc> : std::true_type {};
