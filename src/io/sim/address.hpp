// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>

#include <sys/socket.h>

namespace mioco::detail::sim {

/// IPv6, and IPv4 as ::ffff:a.b.c.d, which is how a socket of IPv6 sees it.
struct ip_address {
    std::array<std::uint8_t, 16> bytes{};

    static ip_address v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) noexcept {
        return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, c, d}};
    }
    static ip_address any(int family) noexcept {
        return family == AF_INET6 ? ip_address() : v4(0, 0, 0, 0);
    }
    static ip_address loopback(bool v4_form) noexcept;

    [[nodiscard]] bool is_v4() const noexcept;
    [[nodiscard]] bool is_any() const noexcept;
    [[nodiscard]] bool is_loopback() const noexcept;
    [[nodiscard]] bool is_multicast() const noexcept;
    /// Of all hosts, or of the network that the hosts of a simulation are in, or of the loopback network.
    [[nodiscard]] bool is_broadcast() const noexcept;

    friend auto operator<=>(const ip_address&, const ip_address&) = default;
};

struct socket_address {
    ip_address ip;
    std::uint16_t port = 0;

    friend auto operator<=>(const socket_address&, const socket_address&) = default;
};

/// What a call of a socket of `family` was given. 0, or a negative errno value: -EINVAL if it is too short, -EAFNOSUPPORT if it is of
/// another family.
int read_address(const sockaddr* from, socklen_t size, int family, socket_address& into) noexcept;

/// For a socket of `family`: the size.
socklen_t write_address(const socket_address& from, int family, sockaddr_storage& into) noexcept;

/// As much of a name as there is room for; `room` becomes its whole size.
void copy_name(const sockaddr_storage& name, socklen_t size, sockaddr* to,
               socklen_t* room) noexcept;

}  // namespace mioco::detail::sim
