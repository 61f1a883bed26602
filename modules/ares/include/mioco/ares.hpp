// SPDX-License-Identifier: MPL-2.0
#pragma once

/// \file
/// Names looked up by c-ares: without threads, and so that a lookup can be ended.

#include <chrono>
#include <memory>
#include <string>

#include <mioco/net/resolve.hpp>

/// Names looked up by the library c-ares.
namespace mioco::ares {

/// How names are asked for. What is not set is as `/etc/resolv.conf` has it.
struct options {
    /// Servers in place of the system's, as "192.0.2.1:53,[2001:db8::1]:53".
    std::string servers = {};
    /// How long a server has to answer at the first try; 0: c-ares' own choice.
    std::chrono::milliseconds timeout{0};
    /// How often each server is asked; 0: c-ares' own choice.
    int tries = 0;
};

/// A resolver for `mioco::net::set_resolver` that asks name servers by itself, and knows `/etc/hosts`. A fiber that waits for it
/// waits for its sockets, as for any others: so a thousand names are looked up at once, a cancel or a deadline ends a lookup,
/// and nothing is left of it. The small files in `/etc` are read at each lookup, by the caller. Other sources that the system may have
/// (nsswitch.conf) are not asked. Not for simulations, whose kernel has no such sockets.
///
///     mioco::net::set_resolver(mioco::ares::make_resolver());
///
/// Throws `std::runtime_error` if c-ares cannot begin, or refuses the servers; lookups do so by `std::error_code`. Thread-safe.
[[nodiscard]] std::shared_ptr<net::resolver> make_resolver(const options& wanted = {});

}  // namespace mioco::ares
