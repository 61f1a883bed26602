// SPDX-License-Identifier: MPL-2.0
#include "io/sim/inet_socket.hpp"

#include <cerrno>

#include <netinet/in.h>

#include "io/sim/world.hpp"

namespace mioco::detail::sim {

bool inet_socket::is_v6_only() const noexcept {
    return family() == AF_INET6 && options().number(IPPROTO_IPV6, IPV6_V6ONLY) != 0;
}

int inet_socket::bind(const sockaddr* address, socklen_t size) {
    socket_address wanted;
    if (const int failure = read_address(address, size, family(), wanted); failure < 0)
        return failure;
    if (chose_port_ || holds_port_) return -EINVAL;
    if (is_v6_only() && wanted.ip.is_v4()) return -EINVAL;
    if (!in().net().is_local(host(), wanted.ip)) return -EADDRNOTAVAIL;
    local_ = wanted;
    if (local_.port == 0) local_.port = ports().choose(nullptr, in());
    if (local_.port == 0 || !ports().is_free_for(*this, in().now())) {
        local_ = {ip_address::any(family()), 0};
        return -EADDRINUSE;
    }
    chose_port_ = true;
    chose_address_ = !wanted.ip.is_any();
    put_at(local_);
    note(act::bind, local_.port);
    return 0;
}

int inet_socket::take_port(const socket_address* for_peer) {
    if (holds_port_) return 0;
    local_.port = ports().choose(for_peer, in());
    if (local_.port == 0) return for_peer != nullptr ? -EADDRNOTAVAIL : -EAGAIN;
    put_at(local_);
    return 0;
}

void inet_socket::put_at(const socket_address& local) {
    local_ = local;
    holds_port_ = true;
    ports().add(std::static_pointer_cast<inet_socket>(shared_from_this()));
}

void inet_socket::give_up_port() noexcept {
    if (!std::exchange(holds_port_, false)) return;
    ports().remove(*this);
}

socklen_t inet_socket::local_name(sockaddr_storage& name) const {
    return write_address(local_, family(), name);
}

int inet_socket::peer_name(sockaddr_storage& name) const {
    if (!is_connected()) return -ENOTCONN;
    return static_cast<int>(write_address(peer_, family(), name));
}

socklen_t inet_socket::accepted_name(sockaddr_storage& name) const {
    return write_address(peer_, family(), name);
}

int inet_socket::score_for(const socket_address& to) const noexcept {
    if (to.port != local_.port) return 0;
    if (to.ip == local_.ip) return 2;
    if (local_.ip == ip_address::any(AF_INET6)) return to.ip.is_v4() && is_v6_only() ? 0 : 1;
    return local_.ip.is_any() && to.ip.is_v4() ? 1 : 0;
}

}  // namespace mioco::detail::sim
