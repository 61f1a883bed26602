// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <chrono>
#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/detail/deadline.hpp>
#include <mioco/net/endpoint.hpp>
#include <mioco/net/socket_handle.hpp>
#include <mioco/net/socket_option.hpp>
#include <mioco/net/stream_half.hpp>

namespace mioco::net {

/// The reading side of a TCP stream that was split.
using read_half = basic_read_half<endpoint>;
/// The writing side of a TCP stream that was split.
using write_half = basic_write_half<endpoint>;

/// A TCP connection. Move-only; destroying it closes the connection.
///
/// Made and used in fibers of any runtime and on plain threads. Calls by several of them at once are safe, `close` among
/// them: one reads while one writes, and others wait their turn. Moving and destroying need the object alone. In the
/// original since 0.1; see `reading` and `writing` for what the calls do.
class tcp_stream : public reading<tcp_stream>,
                   public writing<tcp_stream>,
                   public socket_handle<tcp_stream> {
public:
    /// No connection: every call gives `std::errc::bad_file_descriptor`.
    tcp_stream() noexcept = default;

    /// Connects, and returns when the connection stands. Errors (refused, unreachable, timed out by the kernel) name the
    /// address. Parks or blocks; a cancellation point.
    static tcp_stream connect(const endpoint& peer) {
        return connect_within(peer, detail::never, nullptr);
    }
    /// The same, with the error in `ec` and no connection returned.
    static tcp_stream connect(const endpoint& peer, std::error_code& ec) {
        return connect_within(peer, detail::never, &ec);
    }
    /// The same, to a host by name: "example.org:80", "localhost:http"; or to an address in the form that `endpoint::parse` reads. Names
    /// are looked up as by `resolve`; an address with a numeric port is not.
    ///
    /// Of several addresses the first that answers wins. IPv6 and IPv4 take turns, beginning with the best; an attempt that has not
    /// ended after 250 ms gets company by that to the next address, and one that fails is followed by the next at once; those that are
    /// late are given up (RFC 8305). If none answers, the error is that of the last one, or of the last that came from another host, and its text
    /// tells of all.
    static tcp_stream connect(std::string_view peer) {
        return connect_within(peer, detail::never, nullptr);
    }
    /// The same, with the error in `ec`.
    static tcp_stream connect(std::string_view peer, std::error_code& ec) {
        return connect_within(peer, detail::never, &ec);
    }
    /// The same within a time: `std::errc::timed_out` is the error when that has passed, and nothing is left of the attempt. See
    /// `resolve_for` for a name on a plain thread.
    template <class Rep, class Period>
    static tcp_stream connect_for(const endpoint& peer,
                                  const std::chrono::duration<Rep, Period>& limit) {
        return connect_within(peer, detail::deadline_in(limit), nullptr);
    }
    /// The same, with the error in `ec`.
    template <class Rep, class Period>
    static tcp_stream connect_for(const endpoint& peer,
                                  const std::chrono::duration<Rep, Period>& limit,
                                  std::error_code& ec) {
        return connect_within(peer, detail::deadline_in(limit), &ec);
    }
    /// The same, by name or address.
    template <class Rep, class Period>
    static tcp_stream connect_for(std::string_view peer,
                                  const std::chrono::duration<Rep, Period>& limit) {
        return connect_within(peer, detail::deadline_in(limit), nullptr);
    }
    /// The same, with the error in `ec`.
    template <class Rep, class Period>
    static tcp_stream connect_for(std::string_view peer,
                                  const std::chrono::duration<Rep, Period>& limit,
                                  std::error_code& ec) {
        return connect_within(peer, detail::deadline_in(limit), &ec);
    }

    /// Takes over a connected socket, which this object closes in the end. Until `release` it is non-blocking, also for other
    /// descriptors of the same open file. Throws `std::system_error` if `fd` is no connected TCP socket; then it stays the
    /// caller's, as it was.
    static tcp_stream adopt(int fd) { return adopt_connected(fd, nullptr); }
    /// The same, with the error in `ec` and no stream returned.
    static tcp_stream adopt(int fd, std::error_code& ec) { return adopt_connected(fd, &ec); }

    /// The two directions as two objects, for two fibers.
    std::pair<read_half, write_half> split() &&;

    /// Ends one direction or both; ending `write` lets the peer read the end of the stream. Does not block.
    void shutdown(direction which) { detail::socket_shutdown(fd_, which, nullptr); }
    /// The same, with the error in `ec`.
    void shutdown(direction which, std::error_code& ec) {
        detail::socket_shutdown(fd_, which, &ec);
    }

    /// Whether small writes go out at once. Off by default, as in the kernel; since 0.2.
    void nodelay(bool on) { set_option(option::no_delay{on ? 1 : 0}); }
    /// The same, with the error in `ec`.
    void nodelay(bool on, std::error_code& ec) { set_option(option::no_delay{on ? 1 : 0}, ec); }
    /// Whether and when a silent peer is probed. In the original since 0.2.
    void keepalive(const keepalive_options& options) {
        detail::socket_keepalive(fd_, options, nullptr);
    }
    /// The same, with the error in `ec`.
    void keepalive(const keepalive_options& options, std::error_code& ec) {
        detail::socket_keepalive(fd_, options, &ec);
    }

    /// The peer's address, as it was when the connection was made.
    [[nodiscard]] const endpoint& peer() const noexcept { return peer_; }
    /// The local address.
    [[nodiscard]] endpoint local() const { return detail::socket_local(fd_, nullptr); }
    /// The same, with the error in `ec`.
    [[nodiscard]] endpoint local(std::error_code& ec) const {
        return detail::socket_local(fd_, &ec);
    }

    /// Readiness in either direction, as a case of `select`; its result tells in which. Valid while this object lives and stays
    /// where it is.
    [[nodiscard]] io_both_case ready() const noexcept { return io_both_case(fd_); }

private:
    friend struct detail::fd_access;
    friend class tcp_listener;
    static tcp_stream connect_within(const endpoint& peer, detail::nanoseconds_t deadline,
                                     std::error_code* ec);
    static tcp_stream connect_within(std::string_view peer, detail::nanoseconds_t deadline,
                                     std::error_code* ec);
    static tcp_stream adopt_connected(int fd, std::error_code* ec);
    tcp_stream(detail::fd_ref fd, const endpoint& peer) noexcept
        : fd_(std::move(fd)), peer_(peer) {}

    detail::fd_ref fd_;
    endpoint peer_;
};

}  // namespace mioco::net
