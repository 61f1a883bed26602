// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/net/fd_passing.hpp>
#include <mioco/net/messages.hpp>
#include <mioco/net/socket_handle.hpp>
#include <mioco/net/unix_endpoint.hpp>
#include <mioco/net/unix_listener.hpp>

namespace mioco::net {

/// A connection within one host that carries records: each `recv` gives what one `send` sent, in order, and none is lost. Move-only;
/// destroying it closes the connection.
///
/// A `recv` of 0 bytes is the end. An empty record would read the same, as the kernel makes no difference, so do not send one. A
/// send to what the peer has closed gives `std::errc::broken_pipe`, never SIGPIPE. Fibers and threads as for
/// `unix_stream`; see `messages` and `fd_passing` for what the calls do. In the original since 0.1.
class unix_seqpacket : public messages<unix_seqpacket>,
                       public fd_passing<unix_seqpacket>,
                       public socket_handle<unix_seqpacket> {
public:
    /// No connection: every call gives `std::errc::bad_file_descriptor`.
    unix_seqpacket() noexcept = default;

    /// Connects; all as `unix_stream::connect`.
    static unix_seqpacket connect(const unix_endpoint& peer) { return connect_to(peer, nullptr); }
    /// The same, with the error in `ec` and no connection returned.
    static unix_seqpacket connect(const unix_endpoint& peer, std::error_code& ec) {
        return connect_to(peer, &ec);
    }
    /// The same, to a path.
    static unix_seqpacket connect(std::string_view path) { return connect(unix_endpoint(path)); }
    /// The same, with the error in `ec`.
    static unix_seqpacket connect(std::string_view path, std::error_code& ec) {
        const unix_endpoint peer(path, ec);
        return ec ? unix_seqpacket() : connect(peer, ec);
    }

    /// Two that are connected with each other. Does not block.
    static std::pair<unix_seqpacket, unix_seqpacket> pair() { return pair_of(nullptr); }
    /// The same, with the error in `ec` and no connections returned.
    static std::pair<unix_seqpacket, unix_seqpacket> pair(std::error_code& ec) {
        return pair_of(&ec);
    }

    /// Takes over a connected socket and sets it non-blocking. Throws `std::system_error` if `fd` is no connected Unix socket for
    /// records; `fd` then stays the caller's.
    static unix_seqpacket adopt(int fd) { return adopt_connected(fd, nullptr); }
    /// The same, with the error in `ec` and no connection returned.
    static unix_seqpacket adopt(int fd, std::error_code& ec) { return adopt_connected(fd, &ec); }

    /// Ends one direction or both; ending `write` lets the peer receive the end. Does not block.
    void shutdown(direction which) { detail::socket_shutdown(fd_, which, nullptr); }
    /// The same, with the error in `ec`.
    void shutdown(direction which, std::error_code& ec) {
        detail::socket_shutdown(fd_, which, &ec);
    }

    /// The peer's address, as it was when the connection was made; that of a client is unnamed nearly always.
    [[nodiscard]] const unix_endpoint& peer() const noexcept { return peer_; }
    /// The local address.
    [[nodiscard]] unix_endpoint local() const { return detail::unix_local(fd_, nullptr); }
    /// The same, with the error in `ec`.
    [[nodiscard]] unix_endpoint local(std::error_code& ec) const {
        return detail::unix_local(fd_, &ec);
    }

private:
    friend struct detail::fd_access;
    friend class basic_unix_listener<unix_seqpacket>;
    static constexpr int type = SOCK_SEQPACKET;

    unix_seqpacket(detail::unix_accepted made) noexcept
        : fd_(std::move(made.fd)), peer_(made.peer) {}

    static unix_seqpacket adopt_connected(int fd, std::error_code* ec) {
        unix_seqpacket made;
        made.fd_ = detail::unix_adopt_connected(fd, type, made.peer_, ec);
        return made;
    }
    static unix_seqpacket connect_to(const unix_endpoint& peer, std::error_code* ec) {
        detail::fd_ref fd = detail::unix_connect(peer, type, ec);
        if (fd.get() == nullptr) return {};
        return detail::unix_accepted{std::move(fd), peer};
    }
    static std::pair<unix_seqpacket, unix_seqpacket> pair_of(std::error_code* ec) {
        auto [one, other] = detail::unix_pair(type, ec);
        return {unix_seqpacket({std::move(one), {}}), unix_seqpacket({std::move(other), {}})};
    }

    detail::fd_ref fd_;
    unix_endpoint peer_;
};

/// A listening Unix socket for records.
using unix_seqpacket_listener = basic_unix_listener<unix_seqpacket>;

}  // namespace mioco::net
