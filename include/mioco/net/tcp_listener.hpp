// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/net/tcp_stream.hpp>

namespace mioco::net {

/// How a listener is made.
struct listen_options {
    /// Connections that the kernel holds until they are accepted; it caps this at `net.core.somaxconn`.
    int backlog = 4096;
    /// Bind although connections of an earlier server linger on the address.
    bool reuse_address = true;
    /// Let several sockets listen on the address; the kernel spreads connections over them.
    bool reuse_port = false;
};

/// A listening TCP socket. Move-only; destroying it closes it. Several fibers may accept from one listener. Since 0.1.
class tcp_listener {
public:
    /// No socket: every call gives `std::errc::bad_file_descriptor`.
    tcp_listener() noexcept = default;

    /// Binds and listens; port 0 takes a free one, which `local` tells. Does not block, and works outside of fibers. Errors
    /// name the address: `address_in_use` is the usual one.
    static tcp_listener bind(const endpoint& local, const listen_options& options = {});
    /// The same, with the error in `ec` and no listener returned.
    static tcp_listener bind(const endpoint& local, const listen_options& options,
                             std::error_code& ec);
    /// The same, on an address in the form that `endpoint::parse` reads.
    static tcp_listener bind(std::string_view local, const listen_options& options = {}) {
        return bind(endpoint::parse(local), options);
    }
    /// Takes over a listening socket, as from a service manager, and sets it non-blocking. Throws `std::system_error` if
    /// `fd` does not listen; `fd` then stays the caller's.
    static tcp_listener adopt(int fd);

    /// The next connection, with its peer's address. Parks the fiber, or blocks the thread, until there is one. A cancellation
    /// point: a cancelled call has accepted nothing.
    ///
    /// Connections that the client aborted are passed over. When the process or the system is out of descriptors or memory, it
    /// warns once on stderr, then tries again after a pause that grows from 5 ms to one second, until one is free.
    tcp_stream accept();
    /// The same, with the error in `ec` and no connection returned.
    tcp_stream accept(std::error_code& ec);
    /// A connection that is there now; nothing if there is none. Never blocks. Being out of descriptors is an error here.
    std::optional<tcp_stream> try_accept();

    /// The address it listens on, with the real port.
    [[nodiscard]] endpoint local() const { return detail::socket_local(fd_); }
    /// The descriptor, which stays the listener's; -1 without one.
    [[nodiscard]] int native_handle() const noexcept { return detail::fd_native(fd_); }
    /// Stops listening and wakes whoever waits in `accept` with `std::errc::bad_file_descriptor`.
    void close() noexcept { detail::fd_close(fd_); }

private:
    explicit tcp_listener(detail::fd_ref fd) noexcept : fd_(std::move(fd)) {}

    detail::fd_ref fd_;
};

}  // namespace mioco::net
