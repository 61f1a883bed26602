// SPDX-License-Identifier: MPL-2.0
#include "io/sim/address.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>

namespace mioco::detail::sim {

ip_address ip_address::loopback(bool v4_form) noexcept {
    if (v4_form) return v4(127, 0, 0, 1);
    ip_address made;
    made.bytes[15] = 1;
    return made;
}

bool ip_address::is_v4() const noexcept {
    constexpr std::uint8_t prefix[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    return std::equal(std::begin(prefix), std::end(prefix), bytes.begin());
}

bool ip_address::is_any() const noexcept { return *this == any(AF_INET6) || *this == any(AF_INET); }

bool ip_address::is_loopback() const noexcept {
    return is_v4() ? bytes[12] == 127 : *this == loopback(false);
}

bool ip_address::is_multicast() const noexcept {
    return is_v4() ? (bytes[12] & 0xF0) == 0xE0 : bytes[0] == 0xFF;
}

bool ip_address::is_broadcast() const noexcept {
    return *this == v4(255, 255, 255, 255) || *this == v4(127, 255, 255, 255) ||
           *this == v4(10, 255, 255, 255);
}

int read_address(const sockaddr* from, socklen_t size, int family, socket_address& into) noexcept {
    if (size < sizeof from->sa_family) return -EINVAL;
    const socklen_t needed = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    if (family == AF_INET6 && from->sa_family == AF_INET6) {
        // The scope may be left out.
        if (size < needed - sizeof(std::uint32_t)) return -EINVAL;
        sockaddr_in6 six{};
        std::memcpy(&six, from, std::min(size, needed));
        std::memcpy(into.ip.bytes.data(), &six.sin6_addr, into.ip.bytes.size());
        into.port = ntohs(six.sin6_port);
        return 0;
    }
    if (size < needed) return -EINVAL;
    if (family != AF_INET || from->sa_family != AF_INET) return -EAFNOSUPPORT;
    sockaddr_in four{};
    std::memcpy(&four, from, sizeof four);
    std::uint8_t bytes[4];
    std::memcpy(bytes, &four.sin_addr, sizeof bytes);
    into.ip = ip_address::v4(bytes[0], bytes[1], bytes[2], bytes[3]);
    into.port = ntohs(four.sin_port);
    return 0;
}

socklen_t write_address(const socket_address& from, int family, sockaddr_storage& into) noexcept {
    if (family == AF_INET6) {
        sockaddr_in6 six{};
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(from.port);
        std::memcpy(&six.sin6_addr, from.ip.bytes.data(), from.ip.bytes.size());
        std::memcpy(&into, &six, sizeof six);
        return sizeof six;
    }
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(from.port);
    std::memcpy(&four.sin_addr, from.ip.bytes.data() + 12, sizeof four.sin_addr);
    std::memcpy(&into, &four, sizeof four);
    return sizeof four;
}

void copy_name(const sockaddr_storage& name, socklen_t size, sockaddr* to,
               socklen_t* room) noexcept {
    if (room == nullptr) return;
    if (to != nullptr) std::memcpy(to, &name, std::min(size, *room));
    *room = size;
}

}  // namespace mioco::detail::sim
