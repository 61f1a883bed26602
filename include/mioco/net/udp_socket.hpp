// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include <mioco/net/endpoint.hpp>
#include <mioco/net/messages.hpp>
#include <mioco/net/socket_handle.hpp>

namespace mioco::net {

/// How a UDP socket is bound.
struct udp_options {
    /// Let several sockets bind the address, each of which gets what is sent to a multicast group that it joined.
    bool reuse_address = false;
    /// Let several sockets bind the address; the kernel spreads datagrams over them.
    bool reuse_port = false;
    /// Allow sending to broadcast addresses.
    bool broadcast = false;
    /// Of an IPv6 socket: whether IPv4 datagrams are kept off. Unset: as the system has it.
    std::optional<bool> v6_only = {};
};

/// One datagram of `recv_batch`.
struct incoming_datagram {
    /// Where it is to go.
    std::span<std::byte> buffer;
    /// Bytes of it that went there.
    std::size_t size = 0;
    /// Whether it was longer than the buffer. The rest is lost.
    bool truncated = false;
    /// Who sent it.
    endpoint sender = {};

    /// What came.
    [[nodiscard]] std::span<std::byte> data() const noexcept { return buffer.first(size); }
};

/// One datagram of `send_batch`.
struct outgoing_datagram {
    /// All of it.
    std::span<const std::byte> data;
    /// Where to; unset for the peer of a connected socket.
    std::optional<endpoint> to = {};
};

}  // namespace mioco::net

namespace mioco::detail {

fd_ref udp_open(int family, std::error_code* ec);
fd_ref udp_bind(const net::endpoint& local, const net::udp_options& options, std::error_code* ec);
fd_ref udp_bind_by_name(std::string_view local, const net::udp_options& options,
                        std::error_code* ec);
void udp_connect(const fd_ref& fd, const net::endpoint& peer, std::error_code* ec);
void udp_connect_by_name(const fd_ref& fd, std::string_view peer, std::error_code* ec);
void udp_disconnect(const fd_ref& fd, std::error_code* ec);
net::endpoint udp_peer(const fd_ref& fd, std::error_code* ec);
fd_ref udp_adopt(int fd, std::error_code* ec);
ssize_t udp_receive_batch(const fd_ref& fd, std::span<net::incoming_datagram> into, waiting mode);
ssize_t udp_send_batch(const fd_ref& fd, std::span<const net::outgoing_datagram> from,
                       waiting mode);
void udp_change_group(const fd_ref& fd, const net::endpoint& group, unsigned interface_index,
                      bool join, std::error_code* ec);
/// The options that IPv4 and IPv6 have under numbers of their own.
enum class udp_setting { multicast_loop, multicast_hops, multicast_interface };
void udp_set(const fd_ref& fd, udp_setting which, int value, std::error_code* ec);

}  // namespace mioco::detail

namespace mioco::net {

/// A UDP socket. Move-only; destroying it closes it.
///
/// Made and used in fibers of any runtime and on plain threads. Calls by several of them at once are safe, `close` among
/// them. Moving and destroying need the object alone. See `messages` and `datagrams` for sending and receiving. In the original
/// since 0.1; connecting, batches and truncation are new.
class udp_socket : public datagrams<udp_socket, endpoint>, public socket_handle<udp_socket> {
public:
    /// The most datagrams that one call of `recv_batch` or `send_batch` transfers.
    static constexpr std::size_t most_in_batch = 32;

    /// No socket: every call gives `std::errc::bad_file_descriptor`.
    udp_socket() noexcept = default;

    /// An IPv4 socket without an address; the first send takes a free port. Does not block.
    static udp_socket v4() { return udp_socket(detail::udp_open(AF_INET, nullptr)); }
    /// The same, with the error in `ec` and no socket returned.
    static udp_socket v4(std::error_code& ec) { return udp_socket(detail::udp_open(AF_INET, &ec)); }
    /// An IPv6 socket without an address; the first send takes a free port. Does not block.
    static udp_socket v6() { return udp_socket(detail::udp_open(AF_INET6, nullptr)); }
    /// The same, with the error in `ec` and no socket returned.
    static udp_socket v6(std::error_code& ec) {
        return udp_socket(detail::udp_open(AF_INET6, &ec));
    }

    /// A socket at this address; port 0 takes a free one, which `local` tells. Does not block. Errors name the address:
    /// `address_in_use` is the usual one.
    static udp_socket bind(const endpoint& local, const udp_options& options = {}) {
        return udp_socket(detail::udp_bind(local, options, nullptr));
    }
    /// The same, with the error in `ec` and no socket returned.
    static udp_socket bind(const endpoint& local, const udp_options& options, std::error_code& ec) {
        return udp_socket(detail::udp_bind(local, options, &ec));
    }
    /// The same, at an address in the form that `endpoint::parse` reads; or by name, as "localhost:0": at the first of its addresses that
    /// can be taken, if only one. A name is looked up as by `resolve`, which may park or block, and is a cancellation point.
    static udp_socket bind(std::string_view local, const udp_options& options = {}) {
        return udp_socket(detail::udp_bind_by_name(local, options, nullptr));
    }
    /// The same, with the error in `ec`.
    static udp_socket bind(std::string_view local, const udp_options& options,
                           std::error_code& ec) {
        return udp_socket(detail::udp_bind_by_name(local, options, &ec));
    }

    /// Takes over a UDP socket, bound or not, and sets it non-blocking. Throws `std::system_error` if `fd` is none; it then stays
    /// the caller's.
    static udp_socket adopt(int fd) { return udp_socket(detail::udp_adopt(fd, nullptr)); }
    /// The same, with the error in `ec` and no socket returned.
    static udp_socket adopt(int fd, std::error_code& ec) {
        return udp_socket(detail::udp_adopt(fd, &ec));
    }

    /// Makes `peer` the only one that datagrams go to with `send`, and come from. Errors that the network reports, such as
    /// `connection_refused`, come with later calls. Does not block. Errors name the address.
    void connect(const endpoint& peer) { detail::udp_connect(fd_, peer, nullptr); }
    /// The same, with the error in `ec`.
    void connect(const endpoint& peer, std::error_code& ec) { detail::udp_connect(fd_, peer, &ec); }
    /// The same, to an address in the form that `endpoint::parse` reads; or by name, as "localhost:5555": to the best address of the
    /// socket's family that the system has a way to. A name is looked up as by `resolve`, which may park or block, and is a cancellation
    /// point.
    void connect(std::string_view peer) { detail::udp_connect_by_name(fd_, peer, nullptr); }
    /// The same, with the error in `ec`.
    void connect(std::string_view peer, std::error_code& ec) {
        detail::udp_connect_by_name(fd_, peer, &ec);
    }
    /// Ends what `connect` began. Does not block.
    void disconnect() { detail::udp_disconnect(fd_, nullptr); }
    /// The same, with the error in `ec`.
    void disconnect(std::error_code& ec) { detail::udp_disconnect(fd_, &ec); }

    /// Receives as many datagrams as are there, `most_in_batch` at most, one into each element from the first on; waits for one if there
    /// is none. Returns how many. One system call for all. Parks or blocks, and is cancelled, as `recv`.
    std::size_t recv_batch(std::span<incoming_datagram> into) {
        return detail::finish(detail::udp_receive_batch(fd_, into, detail::waiting::allowed),
                              "recv_batch", nullptr);
    }
    /// The same, with the error in `ec`.
    std::size_t recv_batch(std::span<incoming_datagram> into, std::error_code& ec) {
        return detail::finish(detail::udp_receive_batch(fd_, into, detail::waiting::allowed),
                              "recv_batch", &ec);
    }
    /// The same of what is there now; nothing if there is none. Never blocks, and is no cancellation point.
    std::optional<std::size_t> try_recv_batch(std::span<incoming_datagram> into) {
        return detail::finish_try(detail::udp_receive_batch(fd_, into, detail::waiting::never),
                                  "try_recv_batch", nullptr);
    }
    /// The same, with the error in `ec`.
    std::optional<std::size_t> try_recv_batch(std::span<incoming_datagram> into,
                                              std::error_code& ec) {
        return detail::finish_try(detail::udp_receive_batch(fd_, into, detail::waiting::never),
                                  "try_recv_batch", &ec);
    }

    /// Sends datagrams from the first on, as many as there is room for and `most_in_batch` at most; waits if there is room for none.
    /// Returns how many went; an error of a later one is that of the call that begins with it. One system call for all. Parks or
    /// blocks, and is cancelled, as `send`.
    std::size_t send_batch(std::span<const outgoing_datagram> from) {
        return detail::finish(detail::udp_send_batch(fd_, from, detail::waiting::allowed),
                              "send_batch", nullptr);
    }
    /// The same, with the error in `ec`.
    std::size_t send_batch(std::span<const outgoing_datagram> from, std::error_code& ec) {
        return detail::finish(detail::udp_send_batch(fd_, from, detail::waiting::allowed),
                              "send_batch", &ec);
    }
    /// The same if there is room now; nothing if it would have to wait. Never blocks, and is no cancellation point.
    std::optional<std::size_t> try_send_batch(std::span<const outgoing_datagram> from) {
        return detail::finish_try(detail::udp_send_batch(fd_, from, detail::waiting::never),
                                  "try_send_batch", nullptr);
    }
    /// The same, with the error in `ec`.
    std::optional<std::size_t> try_send_batch(std::span<const outgoing_datagram> from,
                                              std::error_code& ec) {
        return detail::finish_try(detail::udp_send_batch(fd_, from, detail::waiting::never),
                                  "try_send_batch", &ec);
    }

    /// Whether datagrams may be sent to broadcast addresses. Off by default.
    void broadcast(bool on) { set_option(option::broadcast{on ? 1 : 0}); }
    /// The same, with the error in `ec`.
    void broadcast(bool on, std::error_code& ec) { set_option(option::broadcast{on ? 1 : 0}, ec); }

    /// Receives what is sent to a multicast group of the socket's family from now on. The group's port does not count: what comes
    /// is what is sent to the socket's own. `interface_index` as of `if_nametoindex(3)`; 0 is the group's scope, or else
    /// the system's choice.
    void join_multicast(const endpoint& group, unsigned interface_index = 0) {
        detail::udp_change_group(fd_, group, interface_index, true, nullptr);
    }
    /// The same, with the error in `ec`.
    void join_multicast(const endpoint& group, unsigned interface_index, std::error_code& ec) {
        detail::udp_change_group(fd_, group, interface_index, true, &ec);
    }
    /// Ends what `join_multicast` of the same group and interface began.
    void leave_multicast(const endpoint& group, unsigned interface_index = 0) {
        detail::udp_change_group(fd_, group, interface_index, false, nullptr);
    }
    /// The same, with the error in `ec`.
    void leave_multicast(const endpoint& group, unsigned interface_index, std::error_code& ec) {
        detail::udp_change_group(fd_, group, interface_index, false, &ec);
    }
    /// Whether what is sent to a group comes to members on this host too. On by default.
    void multicast_loop(bool on) {
        detail::udp_set(fd_, detail::udp_setting::multicast_loop, on ? 1 : 0, nullptr);
    }
    /// The same, with the error in `ec`.
    void multicast_loop(bool on, std::error_code& ec) {
        detail::udp_set(fd_, detail::udp_setting::multicast_loop, on ? 1 : 0, &ec);
    }
    /// How many networks what is sent to a group crosses, 0 to 255; 1, the default, is the local one. `time to live` of IPv4, `hop
    /// limit` of IPv6.
    void multicast_ttl(int hops) {
        detail::udp_set(fd_, detail::udp_setting::multicast_hops, hops, nullptr);
    }
    /// The same, with the error in `ec`.
    void multicast_ttl(int hops, std::error_code& ec) {
        detail::udp_set(fd_, detail::udp_setting::multicast_hops, hops, &ec);
    }
    /// The interface that what is sent to a group leaves by; 0 is the system's choice.
    void multicast_interface(unsigned interface_index) {
        detail::udp_set(fd_, detail::udp_setting::multicast_interface,
                        static_cast<int>(interface_index), nullptr);
    }
    /// The same, with the error in `ec`.
    void multicast_interface(unsigned interface_index, std::error_code& ec) {
        detail::udp_set(fd_, detail::udp_setting::multicast_interface,
                        static_cast<int>(interface_index), &ec);
    }

    /// The local address, with the real port.
    [[nodiscard]] endpoint local() const { return detail::socket_local(fd_, nullptr); }
    /// The same, with the error in `ec`.
    [[nodiscard]] endpoint local(std::error_code& ec) const {
        return detail::socket_local(fd_, &ec);
    }
    /// The address of a connected socket's peer. Throws `std::system_error` (`not_connected`) without one.
    [[nodiscard]] endpoint peer() const { return detail::udp_peer(fd_, nullptr); }
    /// The same, with the error in `ec`.
    [[nodiscard]] endpoint peer(std::error_code& ec) const { return detail::udp_peer(fd_, &ec); }

private:
    friend struct detail::fd_access;
    explicit udp_socket(detail::fd_ref fd) noexcept : fd_(std::move(fd)) {}

    detail::fd_ref fd_;
};

}  // namespace mioco::net
