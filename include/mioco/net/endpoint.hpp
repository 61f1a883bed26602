// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include <netinet/in.h>
#include <sys/socket.h>

namespace mioco::net {

/// A numeric IPv4 or IPv6 address with a port. A value type; nothing here blocks or looks a name up: `resolve` does.
class endpoint {
public:
    /// 0.0.0.0:0, the unspecified endpoint.
    endpoint() noexcept;
    /// An IPv4 endpoint.
    explicit endpoint(const sockaddr_in& address) noexcept;
    /// An IPv6 endpoint.
    explicit endpoint(const sockaddr_in6& address) noexcept;
    /// From what the system calls give. Throws `std::system_error` (`address_family_not_supported`) for other families.
    endpoint(const sockaddr* address, socklen_t length);

    /// Reads "127.0.0.1:5555", ":5555" (every IPv4 address of this host), "[::1]:80", "[fe80::1%eth0]:80". The port is a decimal
    /// number up to 65535. Throws `std::system_error` (`invalid_argument`) whose text quotes the input and says what is wrong.
    static endpoint parse(std::string_view text);
    /// The same, with the error in `ec` and an unspecified endpoint returned.
    static endpoint parse(std::string_view text, std::error_code& ec) noexcept;

    /// 127.0.0.1 with this port.
    static endpoint loopback_v4(std::uint16_t port) noexcept;
    /// [::1] with this port.
    static endpoint loopback_v6(std::uint16_t port) noexcept;

    /// In the form that `parse` reads.
    [[nodiscard]] std::string to_string() const;
    /// The address alone: "127.0.0.1", "::1".
    [[nodiscard]] std::string address_string() const;

    /// The port, in host order.
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// This address with another port.
    [[nodiscard]] endpoint with_port(std::uint16_t port) const noexcept;
    /// AF_INET or AF_INET6.
    [[nodiscard]] int family() const noexcept { return address_.any.sa_family; }
    /// Whether this is an IPv6 address.
    [[nodiscard]] bool is_v6() const noexcept { return family() == AF_INET6; }

    /// For system calls.
    [[nodiscard]] const sockaddr* data() const noexcept { return &address_.any; }
    /// For system calls: the length of `data`.
    [[nodiscard]] socklen_t size() const noexcept {
        return is_v6() ? socklen_t{sizeof(sockaddr_in6)} : socklen_t{sizeof(sockaddr_in)};
    }

    /// Equal address, port and, for IPv6, scope.
    friend bool operator==(const endpoint& a, const endpoint& b) noexcept { return (a <=> b) == 0; }
    /// IPv4 first, then by address, port and scope.
    friend std::strong_ordering operator<=>(const endpoint& a, const endpoint& b) noexcept;

private:
    union {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
    } address_;
};

}  // namespace mioco::net
