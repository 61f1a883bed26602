// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <memory>

#include "io/sim/deliveries.hpp"
#include "io/sim/udp_socket.hpp"

namespace mioco::detail::sim {

/// A datagram on its way to one host.
class datagram_delivery final : public deliverable {
public:
    struct route {
        host_id from;
        host_id to;
        socket_address target;
    };

    datagram_delivery(world& in, const route& way, udp_socket::datagram what,
                      std::weak_ptr<udp_socket> sender)
        : in_(in), way_(way), what_(std::move(what)), sender_(std::move(sender)) {}

    void arrive(std::uint64_t tag) override;

private:
    void arrive_at_one();
    void arrive_at_all();
    void come_to_nobody();

    world& in_;
    const route way_;
    const udp_socket::datagram what_;
    const std::weak_ptr<udp_socket> sender_;
};

}  // namespace mioco::detail::sim
