// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/net/fd_passing.hpp>
#include <mioco/net/socket_handle.hpp>
#include <mioco/net/stream_half.hpp>
#include <mioco/net/unix_endpoint.hpp>
#include <mioco/net/unix_listener.hpp>

namespace mioco::net {

/// The reading side of a Unix stream that was split.
using unix_read_half = basic_read_half<unix_endpoint>;
/// The writing side of a Unix stream that was split.
using unix_write_half = basic_write_half<unix_endpoint>;

/// A connection between two processes of one host, or within one, that carries bytes as TCP does. Move-only; destroying it closes the
/// connection.
///
/// Made and used in fibers of any runtime and on plain threads. Calls by several of them at once are safe, `close` among
/// them: one reads while one writes, and others wait their turn. Moving and destroying need the object alone. See `reading`,
/// `writing` and `fd_passing` for what the calls do. In the original since 0.1.
class unix_stream : public reading<unix_stream>,
                    public writing<unix_stream>,
                    public fd_passing<unix_stream>,
                    public socket_handle<unix_stream> {
public:
    /// No connection: every call gives `std::errc::bad_file_descriptor`.
    unix_stream() noexcept = default;

    /// Connects, and returns when the connection stands, though it may not have been accepted yet. Errors name the address:
    /// `connection_refused` when nobody listens, `no_such_file_or_directory` when there is no such path. Parks or blocks while
    /// the listener's backlog is full, and looks again after a pause that grows from 1 to 50 ms; a cancellation point.
    static unix_stream connect(const unix_endpoint& peer) { return connect_to(peer, nullptr); }
    /// The same, with the error in `ec` and no connection returned.
    static unix_stream connect(const unix_endpoint& peer, std::error_code& ec) {
        return connect_to(peer, &ec);
    }
    /// The same, to a path.
    static unix_stream connect(std::string_view path) { return connect(unix_endpoint(path)); }
    /// The same, with the error in `ec`.
    static unix_stream connect(std::string_view path, std::error_code& ec) {
        const unix_endpoint peer(path, ec);
        return ec ? unix_stream() : connect(peer, ec);
    }

    /// Two streams that are connected with each other, for a child process or another fiber. Does not block.
    static std::pair<unix_stream, unix_stream> pair() { return pair_of(nullptr); }
    /// The same, with the error in `ec` and no connections returned.
    static std::pair<unix_stream, unix_stream> pair(std::error_code& ec) { return pair_of(&ec); }

    /// Takes over a connected socket and sets it non-blocking. Throws `std::system_error` if `fd` is no connected
    /// Unix stream; `fd` then stays the caller's.
    static unix_stream adopt(int fd) { return adopt_connected(fd, nullptr); }
    /// The same, with the error in `ec` and no stream returned.
    static unix_stream adopt(int fd, std::error_code& ec) { return adopt_connected(fd, &ec); }

    /// The two directions as two objects, for two fibers.
    std::pair<unix_read_half, unix_write_half> split() && {
        detail::fd_ref second = fd_.share();
        return {unix_read_half(std::move(fd_), peer_), unix_write_half(std::move(second), peer_)};
    }

    /// Ends one direction or both; ending `write` lets the peer read the end of the stream. Does not block.
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

    /// Readiness in either direction, as a case of `select`; its result tells in which. Valid while this object lives and stays
    /// where it is.
    [[nodiscard]] io_both_case ready() const noexcept { return io_both_case(fd_); }

private:
    friend struct detail::fd_access;
    friend class basic_unix_listener<unix_stream>;
    static constexpr int type = SOCK_STREAM;

    unix_stream(detail::unix_accepted made) noexcept : fd_(std::move(made.fd)), peer_(made.peer) {}

    static unix_stream adopt_connected(int fd, std::error_code* ec) {
        unix_stream made;
        made.fd_ = detail::unix_adopt_connected(fd, type, made.peer_, ec);
        return made;
    }
    static unix_stream connect_to(const unix_endpoint& peer, std::error_code* ec) {
        detail::fd_ref fd = detail::unix_connect(peer, type, ec);
        if (fd.get() == nullptr) return {};
        return detail::unix_accepted{std::move(fd), peer};
    }
    static std::pair<unix_stream, unix_stream> pair_of(std::error_code* ec) {
        auto [one, other] = detail::unix_pair(type, ec);
        return {unix_stream({std::move(one), {}}), unix_stream({std::move(other), {}})};
    }

    detail::fd_ref fd_;
    unix_endpoint peer_;
};

/// A listening Unix socket for streams.
using unix_listener = basic_unix_listener<unix_stream>;

}  // namespace mioco::net
