// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "io/sim/address.hpp"
#include "io/sim/file_tree.hpp"
#include "io/sim/ports.hpp"

namespace mioco::detail::sim {

class unix_socket;

/// What a host has to itself: addresses, ports, names of Unix sockets, and files.
struct host {
    std::string name;
    ip_address v4;
    ip_address v6;
    bool is_up = true;
    std::uint32_t crashes = 0;
    port_table tcp;
    port_table udp;
    std::map<std::string, std::weak_ptr<unix_socket>, std::less<>> abstract_names;
    file_tree files;

    host(world& in, host_id id) : files(in, id) {}

    void forget_sockets() noexcept {
        tcp.clear();
        udp.clear();
        abstract_names.clear();
    }
};

}  // namespace mioco::detail::sim
