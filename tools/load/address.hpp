// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include <mioco/net/endpoint.hpp>

namespace mioco::load {

/// The endpoint for "127.0.0.1:5555", "[::1]:5555", "localhost:5555", or ":5555", which is this
/// host. Names are looked up, which blocks the thread. Throws `bad_argument`.
net::endpoint resolve(std::string_view host_and_port);

/// The same for a host without a port, such as "127.0.0.1", "::1" or "localhost".
net::endpoint resolve(std::string_view host, std::uint16_t port);

}  // namespace mioco::load
