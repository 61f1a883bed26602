// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <utility>

#include <mioco/detail/socket_io.hpp>

namespace mioco::net {

/// The reading side of a stream that was split: `read_half` of a TCP stream, `unix_read_half` of a Unix one. It shares the
/// connection with the writing side, which may be used by another fiber at the same time. The connection closes when both sides are
/// gone.
template <class Endpoint>
class basic_read_half : public reading<basic_read_half<Endpoint>> {
public:
    /// A half of nothing.
    basic_read_half() noexcept = default;
    /// The peer's address.
    [[nodiscard]] const Endpoint& peer() const noexcept { return peer_; }
    /// Ends the connection for both halves and wakes whoever waits on it. Not a cancellation point.
    void close() noexcept { detail::fd_close(fd_); }

private:
    friend struct detail::fd_access;
    friend class tcp_stream;
    friend class unix_stream;
    basic_read_half(detail::fd_ref fd, const Endpoint& peer) noexcept
        : fd_(std::move(fd)), peer_(peer) {}

    detail::fd_ref fd_;
    Endpoint peer_;
};

/// The writing side of a stream that was split: `write_half` of a TCP stream, `unix_write_half` of a Unix one. Destroying it tells
/// the peer that no more comes (`shutdown(write)`).
template <class Endpoint>
class basic_write_half : public writing<basic_write_half<Endpoint>> {
public:
    /// A half of nothing.
    basic_write_half() noexcept = default;
    /// Takes the other's side; the other becomes a half of nothing.
    basic_write_half(basic_write_half&&) noexcept = default;
    /// Ends the own side and takes the other's.
    basic_write_half& operator=(basic_write_half&& other) noexcept {
        if (this != &other) {
            finish();
            fd_ = std::move(other.fd_);
            peer_ = other.peer_;
        }
        return *this;
    }
    basic_write_half(const basic_write_half&) = delete;
    basic_write_half& operator=(const basic_write_half&) = delete;
    /// Tells the peer that no more comes.
    ~basic_write_half() { finish(); }

    /// The peer's address.
    [[nodiscard]] const Endpoint& peer() const noexcept { return peer_; }
    /// Ends the connection for both halves and wakes whoever waits on it. Not a cancellation point.
    void close() noexcept { detail::fd_close(fd_); }

private:
    friend struct detail::fd_access;
    friend class tcp_stream;
    friend class unix_stream;
    basic_write_half(detail::fd_ref fd, const Endpoint& peer) noexcept
        : fd_(std::move(fd)), peer_(peer) {}
    void finish() noexcept {
        if (fd_.get() != nullptr) detail::socket_end_writing(fd_);
        fd_.reset();
    }

    detail::fd_ref fd_;
    Endpoint peer_;
};

}  // namespace mioco::net
