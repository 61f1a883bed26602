// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <mioco/net/resolve.hpp>

namespace mioco::detail {

enum class port_part : bool { optional, required };

/// A host with its port, as both are written.
struct host_name {
    std::string host;
    std::string service;
    const char* wrong = nullptr;  // what, for a message
};

/// Takes "host:port" apart, also with an address: "[::1]:port". An empty host is 0.0.0.0, as `net::endpoint::parse` has it.
host_name split_host(std::string_view text, port_part port);

/// Of one that is an address with a number for a port, or without one.
std::optional<net::endpoint> numeric_endpoint(const host_name& name);

}  // namespace mioco::detail
