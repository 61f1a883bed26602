// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "io/sim/deliveries.hpp"
#include "io/sim/inet_socket.hpp"

namespace mioco::detail::sim {

/// A socket of UDP. A datagram to somebody who has no room is lost, as is any that chance takes.
class udp_socket final : public inet_socket {
public:
    udp_socket(world& in, host_id host, int family);

    int connect(const sockaddr* address, socklen_t size) override;
    int shutdown(int how) override;
    ssize_t receive(incoming& what) override;
    ssize_t send(outgoing& what) override;
    int get_option(int level, int name, void* value, socklen_t* size) override;
    int set_option(int level, int name, const void* value, socklen_t size) override;
    [[nodiscard]] std::uint32_t ready() const noexcept override;

    // For what is on its way
    struct datagram {
        socket_address from;
        std::vector<std::byte> bytes{};
    };
    void take(const datagram& what);
    /// What it sent there has come to nobody.
    void refuse(const socket_address& by);
    [[nodiscard]] bool takes_from(const socket_address& sender) const noexcept {
        return !connected_ || peer() == sender;
    }
    [[nodiscard]] bool has_joined(const ip_address& group) const noexcept;

private:
    using membership = std::pair<ip_address, std::uint32_t>;  // group and interface

    [[nodiscard]] port_table& ports() const noexcept override;
    [[nodiscard]] bool is_connected() const noexcept override { return connected_; }
    void last_close() override;
    void vanish() override;

    int disconnect();
    [[nodiscard]] int check_target(const socket_address& to) const;
    void post(const socket_address& to, const std::vector<std::byte>& bytes);
    int change_membership(bool joins, const void* value, socklen_t size);
    int set_interface(const void* value, socklen_t size);
    [[nodiscard]] bool sends_to_own_host() const noexcept;

    bool connected_ = false;
    fifo<datagram> queue_;
    std::size_t queued_bytes_ = 0;
    std::set<membership> groups_;
    int multicast_interface_ = 0;
};

}  // namespace mioco::detail::sim
