// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

#include <sys/socket.h>
#include <sys/un.h>

namespace mioco::net {

/// The address of a Unix socket: a path, an abstract name (Linux's, which is no file and goes with its last socket), or
/// none. A value type; nothing here blocks or looks at a file.
class unix_endpoint {
public:
    /// The longest path, in bytes.
    static constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;
    /// The longest abstract name, in bytes.
    static constexpr std::size_t longest_name = sizeof(sockaddr_un::sun_path) - 1;

    /// No address, as that of a socket that was not bound.
    unix_endpoint() noexcept;
    /// A path. Throws `std::system_error` whose text names it: `filename_too_long` if it has more than `longest_path`
    /// bytes, `invalid_argument` if it is empty or holds a zero byte.
    explicit unix_endpoint(std::string_view path);
    /// The same, with the error in `ec` and no address made.
    unix_endpoint(std::string_view path, std::error_code& ec) noexcept;
    /// From what the system calls give. Throws `std::system_error` (`address_family_not_supported`) for other families.
    unix_endpoint(const sockaddr* address, socklen_t length);

    /// An abstract name, of any bytes. Throws `std::system_error` as a path does (`filename_too_long`).
    static unix_endpoint abstract(std::string_view name);
    /// The same, with the error in `ec` and no address made.
    static unix_endpoint abstract(std::string_view name, std::error_code& ec) noexcept;

    /// Whether this is a path.
    [[nodiscard]] bool is_path() const noexcept;
    /// Whether this is an abstract name.
    [[nodiscard]] bool is_abstract() const noexcept;
    /// Whether there is no address.
    [[nodiscard]] bool is_unnamed() const noexcept { return size_ <= offset; }
    /// The path; empty if this is none. Valid while the object lives.
    [[nodiscard]] std::string_view path() const noexcept;
    /// The abstract name; empty if this is none. Valid while the object lives.
    [[nodiscard]] std::string_view abstract_name() const noexcept;
    /// For people: the path, an abstract name behind "@", or "(unnamed)".
    [[nodiscard]] std::string to_string() const;

    /// For system calls.
    [[nodiscard]] const sockaddr* data() const noexcept {
        return reinterpret_cast<const sockaddr*>(&address_);
    }
    /// For system calls: the length of `data`.
    [[nodiscard]] socklen_t size() const noexcept { return size_; }

    /// Equal paths, equal abstract names, or none both.
    friend bool operator==(const unix_endpoint& a, const unix_endpoint& b) noexcept {
        return a.path() == b.path() && a.is_abstract() == b.is_abstract() &&
               a.abstract_name() == b.abstract_name();
    }

private:
    static constexpr std::size_t offset = offsetof(sockaddr_un, sun_path);

    sockaddr_un address_;
    socklen_t size_;
};

}  // namespace mioco::net
