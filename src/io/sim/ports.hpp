// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <mioco/detail/deadline.hpp>

#include "io/sim/address.hpp"

namespace mioco::detail::sim {

class inet_socket;
class world;

/// Who has which ports of a host, for one protocol. It keeps the sockets: one that was closed may still have something to send.
class port_table {
public:
    /// Whether the kernel would let `who` have its local address beside the others.
    [[nodiscard]] bool is_free_for(const inet_socket& who, nanoseconds_t now);
    /// The same, for one that is about to listen: of those that listen there is one, unless all share the port.
    [[nodiscard]] bool may_listen(const inet_socket& who) const;
    /// A free port; 0 if there is none. `peer`: of who is about to connect to it, as one port may serve connections to different peers.
    [[nodiscard]] std::uint16_t choose(const socket_address* peer, world& in) const;

    void add(std::shared_ptr<inet_socket> who);
    void remove(const inet_socket& who) noexcept;
    /// Nobody may have the address until then, unless it wants to use it again.
    void hold(const socket_address& local, bool reusable, nanoseconds_t until);

    /// In the order in which they got the port.
    void for_each_at(std::uint16_t port, const std::function<void(inet_socket&)>& each) const;
    [[nodiscard]] bool is_used(std::uint16_t port) const noexcept;
    /// Who listens there: of several at the very address one by the client's port.
    [[nodiscard]] inet_socket* listener_at(const socket_address& local,
                                           const socket_address& client) const;
    void set_listening(inet_socket& who, bool listens);

    void clear() noexcept;

private:
    using key = std::pair<std::uint16_t, std::uint64_t>;  // port, and the socket's number
    struct held {
        nanoseconds_t until;
        bool reusable;
    };

    [[nodiscard]] bool may_connect_from(std::uint16_t port, const socket_address& peer) const;

    std::map<key, std::shared_ptr<inet_socket>> sockets_;
    std::map<key, inet_socket*> listening_;
    std::map<socket_address, held> held_;
};

}  // namespace mioco::detail::sim
