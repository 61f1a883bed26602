// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/detail/socket_io.hpp>
#include <mioco/net/endpoint.hpp>
#include <mioco/net/socket_option.hpp>

namespace mioco::net {

/// The reading side of a stream that was split. It shares the connection with the writing side, which may be used by another fiber
/// at the same time. The connection closes when both sides are gone.
class read_half : public reading<read_half> {
public:
    /// A half of nothing.
    read_half() noexcept = default;
    /// The peer's address.
    [[nodiscard]] const endpoint& peer() const noexcept { return peer_; }
    /// Ends the connection for both halves and wakes whoever waits on it. Not a cancellation point.
    void close() noexcept { detail::socket_close(fd_); }

private:
    friend class reading<read_half>;
    friend class tcp_stream;
    read_half(detail::fd_ref fd, const endpoint& peer) noexcept : fd_(std::move(fd)), peer_(peer) {}

    detail::fd_ref fd_;
    endpoint peer_;
};

/// The writing side of a stream that was split. Destroying it tells the peer that no more comes (`shutdown(write)`).
class write_half : public writing<write_half> {
public:
    /// A half of nothing.
    write_half() noexcept = default;
    /// Takes the other's side; the other becomes a half of nothing.
    write_half(write_half&&) noexcept = default;
    /// Ends the own side and takes the other's.
    write_half& operator=(write_half&& other) noexcept {
        if (this != &other) {
            finish();
            fd_ = std::move(other.fd_);
            peer_ = other.peer_;
        }
        return *this;
    }
    write_half(const write_half&) = delete;
    write_half& operator=(const write_half&) = delete;
    /// Tells the peer that no more comes.
    ~write_half() { finish(); }

    /// The peer's address.
    [[nodiscard]] const endpoint& peer() const noexcept { return peer_; }
    /// Ends the connection for both halves and wakes whoever waits on it. Not a cancellation point.
    void close() noexcept { detail::socket_close(fd_); }

private:
    friend class writing<write_half>;
    friend class tcp_stream;
    write_half(detail::fd_ref fd, const endpoint& peer) noexcept
        : fd_(std::move(fd)), peer_(peer) {}
    void finish() noexcept;

    detail::fd_ref fd_;
    endpoint peer_;
};

/// A TCP connection. Move-only; destroying it closes the connection.
///
/// Made and used in fibers of any runtime and on plain threads. Calls by several of them at once are safe, `close` among
/// them: one reads while one writes, and others wait their turn. Moving and destroying need the object alone. In the
/// original since 0.1; see `reading` and `writing` for what the calls do.
class tcp_stream : public reading<tcp_stream>, public writing<tcp_stream> {
public:
    /// No connection: every call gives `std::errc::bad_file_descriptor`.
    tcp_stream() noexcept = default;

    /// Connects, and returns when the connection stands. Errors (refused, unreachable, timed out by the kernel) name the
    /// address. Parks or blocks; a cancellation point.
    static tcp_stream connect(const endpoint& peer);
    /// The same, with the error in `ec` and no connection returned.
    static tcp_stream connect(const endpoint& peer, std::error_code& ec);
    /// The same, to an address in the form that `endpoint::parse` reads.
    static tcp_stream connect(std::string_view peer) { return connect(endpoint::parse(peer)); }
    /// The same, with the error in `ec`.
    static tcp_stream connect(std::string_view peer, std::error_code& ec) {
        const endpoint parsed = endpoint::parse(peer, ec);
        return ec ? tcp_stream() : connect(parsed, ec);
    }

    /// Takes over a connected socket and sets it non-blocking. Throws `std::system_error` if `fd` is no connected
    /// TCP socket; `fd` then stays the caller's.
    static tcp_stream adopt(int fd);
    /// Gives the socket to the caller, who closes it; it is blocking then, unless it was adopted non-blocking. The
    /// stream is left without a connection. Throws `std::system_error` (`device_or_resource_busy`) while a fiber waits on it.
    int release() { return detail::socket_release(fd_); }

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
    /// Whether and when a silent peer is probed. Since 0.2.
    void keepalive(const keepalive_options& options) {
        detail::socket_keepalive(fd_, options, nullptr);
    }
    /// Sets an option of `net::option`, or one of the same shape.
    template <class Option>
    void set_option(const Option& option) {
        detail::socket_set_option(fd_, Option::level, Option::name, &option.value,
                                  sizeof option.value, nullptr);
    }
    /// The same, with the error in `ec`.
    template <class Option>
    void set_option(const Option& option, std::error_code& ec) {
        detail::socket_set_option(fd_, Option::level, Option::name, &option.value,
                                  sizeof option.value, &ec);
    }
    /// Reads an option.
    template <class Option>
    [[nodiscard]] Option get_option() const {
        Option option;
        detail::socket_get_option(fd_, Option::level, Option::name, &option.value,
                                  sizeof option.value, nullptr);
        return option;
    }

    /// The peer's address, as it was when the connection was made.
    [[nodiscard]] const endpoint& peer() const noexcept { return peer_; }
    /// The local address.
    [[nodiscard]] endpoint local() const { return detail::socket_local(fd_); }
    /// Whether there is a connection that was not closed by `close`.
    [[nodiscard]] bool is_open() const noexcept { return detail::socket_native(fd_) >= 0; }
    /// The descriptor, which stays the stream's; -1 without a connection.
    [[nodiscard]] int native_handle() const noexcept { return detail::socket_native(fd_); }

    /// Ends the connection and wakes whoever waits on it with `std::errc::bad_file_descriptor`. Does not block.
    void close() noexcept { detail::socket_close(fd_); }

private:
    friend class reading<tcp_stream>;
    friend class writing<tcp_stream>;
    friend class tcp_listener;
    tcp_stream(detail::fd_ref fd, const endpoint& peer) noexcept
        : fd_(std::move(fd)), peer_(peer) {}

    detail::fd_ref fd_;
    endpoint peer_;
};

}  // namespace mioco::net
