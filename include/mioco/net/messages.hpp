// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <system_error>

#include <mioco/byte_range.hpp>
#include <mioco/detail/io_result.hpp>
#include <mioco/detail/message_io.hpp>
#include <mioco/detail/socket_io.hpp>

namespace mioco::net {

/// A datagram that has come into a buffer.
template <class Endpoint>
struct received_datagram {
    /// Bytes of it in the buffer.
    std::size_t size = 0;
    /// Whether it was longer than the buffer. The rest is lost.
    bool truncated = false;
    /// Who sent it.
    Endpoint sender;
};

/// The calls of a socket that is connected to one peer and keeps the bounds of messages: `udp_socket`, `unix_datagram` and
/// `unix_seqpacket`.
///
/// All of them: inside a fiber they park it until there is a message, or room for one; outside they block the thread. They are
/// cancellation points: a cancelled call has taken or sent nothing. Errors are thrown as `std::system_error`, or set in `ec`. Several
/// fibers may send and receive at once: of two that do the same, one waits its turn. `close` by another fiber wakes a waiting one
/// with `std::errc::bad_file_descriptor`. What was sent before and could not be delivered is an error of a later call, such as
/// `connection_refused` when nobody listens at the peer's port. In the original since 0.1.
template <class Self>
class messages {
public:
    /// Sends all of `from` as one message; returns its size. One that is too long for the socket is an error, `message_size`.
    template <byte_range B>
    std::size_t send(const B& from) {
        return detail::finish(detail::message_send(fd(), detail::bytes_of(from), nullptr, 0),
                              "send", nullptr);
    }
    /// The same, with the error in `ec`.
    template <byte_range B>
    std::size_t send(const B& from, std::error_code& ec) {
        return detail::finish(detail::message_send(fd(), detail::bytes_of(from), nullptr, 0),
                              "send", &ec);
    }
    /// Sends one if there is room now; nothing if a send would have to wait. Never blocks, and is no cancellation point.
    template <byte_range B>
    std::optional<std::size_t> try_send(const B& from) {
        return detail::finish_try(
            detail::message_send(fd(), detail::bytes_of(from), nullptr, 0, detail::waiting::never),
            "try_send", nullptr);
    }
    /// The same, with the error in `ec`.
    template <byte_range B>
    std::optional<std::size_t> try_send(const B& from, std::error_code& ec) {
        return detail::finish_try(
            detail::message_send(fd(), detail::bytes_of(from), nullptr, 0, detail::waiting::never),
            "try_send", &ec);
    }

    /// Receives one message; returns its size, which may be 0. If it is longer than the buffer its rest is lost, which is an error:
    /// `message_size`.
    template <mutable_byte_range B>
    std::size_t recv(B&& into) {
        return detail::finish_message(
            detail::message_receive(fd(), detail::writable_bytes_of(into), nullptr), "recv",
            nullptr);
    }
    /// The same, with the error in `ec`; of a message that is too long it returns how much is in the buffer.
    template <mutable_byte_range B>
    std::size_t recv(B&& into, std::error_code& ec) {
        return detail::finish_message(
            detail::message_receive(fd(), detail::writable_bytes_of(into), nullptr), "recv", &ec);
    }
    /// Receives one that is there now; nothing if there is none. Never blocks, and is no cancellation point.
    template <mutable_byte_range B>
    std::optional<std::size_t> try_recv(B&& into) {
        return detail::finish_try_message(
            detail::message_receive(fd(), detail::writable_bytes_of(into), nullptr,
                                    detail::waiting::never),
            "try_recv", nullptr);
    }
    /// The same, with the error in `ec`.
    template <mutable_byte_range B>
    std::optional<std::size_t> try_recv(B&& into, std::error_code& ec) {
        return detail::finish_try_message(
            detail::message_receive(fd(), detail::writable_bytes_of(into), nullptr,
                                    detail::waiting::never),
            "try_recv", &ec);
    }

    /// Readiness for receiving, to wait for. Valid while this object lives and stays where it is.
    [[nodiscard]] io_case readable() const noexcept {
        return detail::io_case_access::make(fd(), direction::read);
    }
    /// Readiness for sending, to wait for. Valid while this object lives and stays where it is.
    [[nodiscard]] io_case writable() const noexcept {
        return detail::io_case_access::make(fd(), direction::write);
    }
    /// Readiness in either direction, as a case of `select`; its result tells in which. Valid while this object lives and stays
    /// where it is.
    [[nodiscard]] io_both_case ready() const noexcept { return io_both_case(fd()); }

private:
    [[nodiscard]] const detail::fd_ref& fd() const noexcept {
        return detail::fd_access::of(static_cast<const Self&>(*this));
    }
};

/// What a socket for datagrams can do beside `messages`, connected or not.
template <class Self, class Endpoint>
class datagrams : public messages<Self> {
public:
    /// What `recv_from` returns.
    using received = received_datagram<Endpoint>;

    /// Sends all of `from` as one datagram to this address; returns its size. As `send` otherwise.
    template <byte_range B>
    std::size_t send_to(const B& from, const Endpoint& to) {
        return detail::finish(
            detail::message_send(fd(), detail::bytes_of(from), to.data(), to.size()), "send_to",
            nullptr);
    }
    /// The same, with the error in `ec`.
    template <byte_range B>
    std::size_t send_to(const B& from, const Endpoint& to, std::error_code& ec) {
        return detail::finish(
            detail::message_send(fd(), detail::bytes_of(from), to.data(), to.size()), "send_to",
            &ec);
    }
    /// Sends one if there is room now; nothing if it would have to wait. Never blocks, and is no cancellation point.
    template <byte_range B>
    std::optional<std::size_t> try_send_to(const B& from, const Endpoint& to) {
        return detail::finish_try(detail::message_send(fd(), detail::bytes_of(from), to.data(),
                                                       to.size(), detail::waiting::never),
                                  "try_send_to", nullptr);
    }
    /// The same, with the error in `ec`.
    template <byte_range B>
    std::optional<std::size_t> try_send_to(const B& from, const Endpoint& to, std::error_code& ec) {
        return detail::finish_try(detail::message_send(fd(), detail::bytes_of(from), to.data(),
                                                       to.size(), detail::waiting::never),
                                  "try_send_to", &ec);
    }

    /// Receives one datagram, with its sender. That it was longer than the buffer is told in the result, and is no error. As `recv`
    /// otherwise.
    template <mutable_byte_range B>
    received recv_from(B&& into) {
        return receive(detail::writable_bytes_of(into), nullptr);
    }
    /// The same, with the error in `ec`.
    template <mutable_byte_range B>
    received recv_from(B&& into, std::error_code& ec) {
        return receive(detail::writable_bytes_of(into), &ec);
    }
    /// Receives one that is there now; nothing if there is none. Never blocks, and is no cancellation point.
    template <mutable_byte_range B>
    std::optional<received> try_recv_from(B&& into) {
        return try_receive(detail::writable_bytes_of(into), nullptr);
    }
    /// The same, with the error in `ec`.
    template <mutable_byte_range B>
    std::optional<received> try_recv_from(B&& into, std::error_code& ec) {
        return try_receive(detail::writable_bytes_of(into), &ec);
    }

private:
    [[nodiscard]] const detail::fd_ref& fd() const noexcept {
        return detail::fd_access::of(static_cast<const Self&>(*this));
    }

    received receive(detail::bytes into, std::error_code* ec) {
        detail::message_address sender;
        const auto got = detail::message_receive(fd(), into, &sender);
        const std::size_t size = detail::finish(got.count, "recv_from", ec);
        if (got.count < 0) return {};
        return {size, got.truncated, Endpoint(sender.data(), sender.size)};
    }

    std::optional<received> try_receive(detail::bytes into, std::error_code* ec) {
        detail::message_address sender;
        const auto got = detail::message_receive(fd(), into, &sender, detail::waiting::never);
        const auto size = detail::finish_try(got.count, "try_recv_from", ec);
        if (!size || got.count < 0) return std::nullopt;
        return received{*size, got.truncated, Endpoint(sender.data(), sender.size)};
    }
};

}  // namespace mioco::net
