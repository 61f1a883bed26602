// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "io/sim/address.hpp"
#include "io/sim/ports.hpp"
#include "io/sim/socket.hpp"

namespace mioco::detail::sim {

/// A socket that has an address and a port, or will have them.
class inet_socket : public socket_base {
public:
    using socket_base::socket_base;

    [[nodiscard]] const socket_address& local() const noexcept { return local_; }
    [[nodiscard]] const socket_address& peer() const noexcept { return peer_; }
    /// Whether its user has bound it, and not a connect.
    [[nodiscard]] bool chose_port() const noexcept { return chose_port_; }
    [[nodiscard]] bool reuses_address() const noexcept { return has_option(SO_REUSEADDR); }
    [[nodiscard]] bool reuses_port() const noexcept { return has_option(SO_REUSEPORT); }
    [[nodiscard]] bool is_v6_only() const noexcept;

    int bind(const sockaddr* address, socklen_t size) override;
    socklen_t local_name(sockaddr_storage& name) const override;
    int peer_name(sockaddr_storage& name) const override;
    socklen_t accepted_name(sockaddr_storage& name) const override;

    /// How well it fits what is sent there: 0 not at all.
    [[nodiscard]] int score_for(const socket_address& to) const noexcept;

protected:
    [[nodiscard]] bool has_option(int name) const noexcept {
        return options().number(SOL_SOCKET, name) != 0;
    }
    [[nodiscard]] virtual port_table& ports() const noexcept = 0;
    [[nodiscard]] virtual bool is_connected() const noexcept = 0;
    [[nodiscard]] bool chose_address() const noexcept { return chose_address_; }
    /// Some port, for one that has none.
    int take_port(const socket_address* for_peer);
    void put_at(const socket_address& local);
    void give_up_port() noexcept;
    void set_local_ip(const ip_address& ip) noexcept { local_.ip = ip; }
    void set_peer(const socket_address& peer) noexcept { peer_ = peer; }

private:
    socket_address local_{ip_address::any(family()), 0};
    socket_address peer_;
    bool holds_port_ = false;
    bool chose_port_ = false;
    bool chose_address_ = false;
};

}  // namespace mioco::detail::sim
