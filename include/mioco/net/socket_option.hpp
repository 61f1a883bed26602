// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <optional>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace mioco::net {

/// An option of a socket as `setsockopt(2)` knows it. Any struct with `level`, `name` and `value` of the type that the kernel
/// expects serves as one, so that an option which is missing here is three lines in the user's code.
template <int Level, int Name, class Value = int>
struct socket_option {
    /// The protocol level, such as SOL_SOCKET.
    static constexpr int level = Level;
    /// The option's number, such as SO_RCVBUF.
    static constexpr int name = Name;
    /// The value to set, or that was read.
    Value value{};
};

namespace option {
/// Small writes go out at once (Nagle's algorithm off).
using no_delay = socket_option<IPPROTO_TCP, TCP_NODELAY>;
/// Bytes of the kernel's receive buffer. The kernel doubles what is set.
using receive_buffer = socket_option<SOL_SOCKET, SO_RCVBUF>;
/// Bytes of the kernel's send buffer. The kernel doubles what is set.
using send_buffer = socket_option<SOL_SOCKET, SO_SNDBUF>;
/// A local address may be bound again while old connections linger on it.
using reuse_address = socket_option<SOL_SOCKET, SO_REUSEADDR>;
/// Several sockets may listen on one address; the kernel spreads connections over them.
using reuse_port = socket_option<SOL_SOCKET, SO_REUSEPORT>;
/// Probes a silent peer.
using keep_alive = socket_option<SOL_SOCKET, SO_KEEPALIVE>;
/// What closing does with unsent data; `{1, 0}` resets the connection.
using linger = socket_option<SOL_SOCKET, SO_LINGER, ::linger>;
/// Milliseconds that sent data may stay unacknowledged before the connection fails.
using user_timeout_ms = socket_option<IPPROTO_TCP, TCP_USER_TIMEOUT, unsigned>;
/// Datagrams may be sent to broadcast addresses.
using broadcast = socket_option<SOL_SOCKET, SO_BROADCAST>;
/// An IPv6 socket takes no IPv4 connections.
using v6_only = socket_option<IPPROTO_IPV6, IPV6_V6ONLY>;
}  // namespace option

/// When a silent peer is probed, and when it is given up. What is unset keeps the system's default.
struct keepalive_options {
    /// Whether to probe at all.
    bool enabled = true;
    /// Silence before the first probe.
    std::optional<std::chrono::seconds> idle = {};
    /// Time between probes.
    std::optional<std::chrono::seconds> interval = {};
    /// Unanswered probes before the connection fails.
    std::optional<int> count = {};
};

/// A direction of a connection.
enum class direction {
    read,   ///< What the peer sends.
    write,  ///< What is sent to the peer.
    both    ///< Both.
};

}  // namespace mioco::net
