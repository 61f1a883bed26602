// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/detail/unix_socket.hpp>
#include <mioco/net/fd_passing.hpp>
#include <mioco/net/messages.hpp>
#include <mioco/net/socket_handle.hpp>
#include <mioco/net/unix_endpoint.hpp>

namespace mioco::net {

/// A Unix socket for datagrams, which come whole, in order, and are not lost. Move-only; destroying it closes it.
///
/// When the receiver's queue is full, `send` of a connected socket waits for room; `send_to` has no event to wait for, and looks again
/// after a pause that grows from 1 to 20 ms. Who is to be answered binds to an address first. Fibers and threads as for
/// `unix_stream`; see `messages`, `datagrams` and `fd_passing` for what the calls do. In the original since 0.1.
class unix_datagram : public datagrams<unix_datagram, unix_endpoint>,
                      public fd_passing<unix_datagram>,
                      public socket_handle<unix_datagram> {
public:
    /// No socket: every call gives `std::errc::bad_file_descriptor`.
    unix_datagram() noexcept = default;
    /// Takes the other's socket; the other is left without one.
    unix_datagram(unix_datagram&&) noexcept = default;
    /// The same; its own goes first, and its file with it if the options asked for that.
    unix_datagram& operator=(unix_datagram&& other) noexcept {
        file_ = std::move(other.file_);
        fd_ = std::move(other.fd_);
        return *this;
    }
    unix_datagram(const unix_datagram&) = delete;
    unix_datagram& operator=(const unix_datagram&) = delete;
    ~unix_datagram() = default;

    /// A socket without an address, to send from. Does not block.
    static unix_datagram unbound() {
        return detail::bound_socket{detail::unix_open(type, nullptr), {}};
    }
    /// The same, with the error in `ec` and no socket returned.
    static unix_datagram unbound(std::error_code& ec) {
        return detail::bound_socket{detail::unix_open(type, &ec), {}};
    }

    /// A socket at an address; an unnamed endpoint takes a free abstract name, which `local` tells. Does not block. Errors name the
    /// address. A path that exists is an error (`address_in_use`), unless the options say otherwise.
    static unix_datagram bind(const unix_endpoint& local, const unix_bind_options& options = {}) {
        return detail::unix_bind(local, type, options, nullptr);
    }
    /// The same, with the error in `ec` and no socket returned.
    static unix_datagram bind(const unix_endpoint& local, const unix_bind_options& options,
                              std::error_code& ec) {
        return detail::unix_bind(local, type, options, &ec);
    }
    /// The same, at a path.
    static unix_datagram bind(std::string_view path, const unix_bind_options& options = {}) {
        return bind(unix_endpoint(path), options);
    }
    /// The same, with the error in `ec`.
    static unix_datagram bind(std::string_view path, const unix_bind_options& options,
                              std::error_code& ec) {
        const unix_endpoint local(path, ec);
        return ec ? unix_datagram() : bind(local, options, ec);
    }

    /// Two sockets that are connected with each other. Does not block.
    static std::pair<unix_datagram, unix_datagram> pair() { return pair_of(nullptr); }
    /// The same, with the error in `ec` and no sockets returned.
    static std::pair<unix_datagram, unix_datagram> pair(std::error_code& ec) {
        return pair_of(&ec);
    }

    /// Takes over a socket, bound or not, and sets it non-blocking. Throws `std::system_error` if `fd` is no Unix socket for
    /// datagrams; `fd` then stays the caller's.
    static unix_datagram adopt(int fd) {
        return detail::bound_socket{detail::unix_adopt(fd, type, nullptr), {}};
    }
    /// The same, with the error in `ec` and no socket returned.
    static unix_datagram adopt(int fd, std::error_code& ec) {
        return detail::bound_socket{detail::unix_adopt(fd, type, &ec), {}};
    }

    /// Makes `peer` the only one that datagrams go to with `send`, and come from. Does not block. Errors name the address.
    void connect(const unix_endpoint& peer) { detail::unix_set_peer(fd_, peer, nullptr); }
    /// The same, with the error in `ec`.
    void connect(const unix_endpoint& peer, std::error_code& ec) {
        detail::unix_set_peer(fd_, peer, &ec);
    }
    /// The same, to a path.
    void connect(std::string_view path) { connect(unix_endpoint(path)); }
    /// The same, with the error in `ec`.
    void connect(std::string_view path, std::error_code& ec) {
        const unix_endpoint peer(path, ec);
        if (!ec) connect(peer, ec);
    }

    /// The local address; unnamed if it was not bound.
    [[nodiscard]] unix_endpoint local() const { return detail::unix_local(fd_, nullptr); }
    /// The same, with the error in `ec`.
    [[nodiscard]] unix_endpoint local(std::error_code& ec) const {
        return detail::unix_local(fd_, &ec);
    }
    /// The address of a connected socket's peer. Throws `std::system_error` (`not_connected`) without one.
    [[nodiscard]] unix_endpoint peer() const { return detail::unix_peer(fd_, nullptr); }
    /// The same, with the error in `ec`.
    [[nodiscard]] unix_endpoint peer(std::error_code& ec) const {
        return detail::unix_peer(fd_, &ec);
    }

    /// Ends it and wakes whoever waits on it with `std::errc::bad_file_descriptor`. Removes the file if the options asked for
    /// that.
    void close() noexcept {
        file_.remove();
        detail::fd_close(fd_);
    }
    /// Gives the descriptor to the caller, as `fd_handle::release`; its file stays, whatever the options asked for.
    int release() { return detail::unix_release(fd_, file_, nullptr); }
    /// The same, with the error in `ec` and -1 returned.
    int release(std::error_code& ec) { return detail::unix_release(fd_, file_, &ec); }

private:
    friend struct detail::fd_access;
    static constexpr int type = SOCK_DGRAM;

    unix_datagram(detail::bound_socket made) noexcept
        : fd_(std::move(made.fd)), file_(std::move(made.file)) {}

    static std::pair<unix_datagram, unix_datagram> pair_of(std::error_code* ec) {
        auto [one, other] = detail::unix_pair(type, ec);
        return {unix_datagram({std::move(one), {}}), unix_datagram({std::move(other), {}})};
    }

    detail::fd_ref fd_;
    detail::socket_file file_;
};

}  // namespace mioco::net
