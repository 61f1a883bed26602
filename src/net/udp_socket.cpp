// SPDX-License-Identifier: MPL-2.0
#include <mioco/net/udp_socket.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include <netinet/in.h>

#include "base/cure.hpp"
#include "io/driver.hpp"
#include "io/fd.hpp"
#include "net/adopt.hpp"
#include "net/look_up.hpp"
#include "net/message_attempts.hpp"
#include "net/result.hpp"

namespace mioco::detail {

namespace {

int set(int fd, int level, int name, int value) noexcept {
    return current_driver().set_option(fd, level, name, &value, sizeof value);
}

int bind_to(const fd_ref& fd, const net::endpoint& local, const net::udp_options& options) {
    const int number = fd_native(fd);
    int failure = options.reuse_address ? set(number, SOL_SOCKET, SO_REUSEADDR, 1) : 0;
    if (failure == 0 && options.reuse_port) failure = set(number, SOL_SOCKET, SO_REUSEPORT, 1);
    if (failure == 0 && options.broadcast) failure = set(number, SOL_SOCKET, SO_BROADCAST, 1);
    if (failure == 0 && options.v6_only && local.is_v6())
        failure = set(number, IPPROTO_IPV6, IPV6_V6ONLY, *options.v6_only ? 1 : 0);
    if (failure == 0) failure = current_driver().bind(number, local.data(), local.size());
    return failure;
}

// AF_INET or AF_INET6, or a negative errno value.
int family_of(int fd) noexcept {
    int family = 0;
    socklen_t size = sizeof family;
    const int failure = current_driver().get_option(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
    return failure < 0 ? failure : family;
}

constexpr std::size_t most = net::udp_socket::most_in_batch;

/// Several messages, as the kernel wants them. Nothing is set before it is used: there may be few messages.
struct batch {
    msghdr& prepare(std::size_t place, std::span<const std::byte> data) noexcept {
        parts[place] = {const_cast<std::byte*>(data.data()), data.size()};
        messages[place] = {};
        msghdr& header = messages[place].msg_hdr;
        header.msg_iov = &parts[place];
        header.msg_iovlen = 1;
        return header;
    }

    mmsghdr messages[most];
    iovec parts[most];
    sockaddr_in6 senders[most];  // big enough for either family
};

int receive_now(driver& io, int fd, std::span<net::incoming_datagram> into) {
    batch all;
    for (std::size_t i = 0; i < into.size(); ++i) {
        msghdr& header = all.prepare(i, into[i].buffer);
        header.msg_name = &all.senders[i];
        header.msg_namelen = sizeof all.senders[i];
    }
    const int count = io.receive_messages(fd, {all.messages, into.size()});
    for (int i = 0; i < count; ++i) {
        const mmsghdr& message = all.messages[i];
        net::incoming_datagram& each = into[static_cast<std::size_t>(i)];
        each.size = message.msg_len;
        each.truncated = (message.msg_hdr.msg_flags & MSG_TRUNC) != 0;
        each.sender = net::endpoint(static_cast<const sockaddr*>(message.msg_hdr.msg_name),
                                    message.msg_hdr.msg_namelen);
    }
    return count;
}

int send_now(driver& io, int fd, std::span<const net::outgoing_datagram> from) noexcept {
    batch all;
    for (std::size_t i = 0; i < from.size(); ++i) {
        msghdr& header = all.prepare(i, from[i].data);
        const std::optional<net::endpoint>& to = from[i].to;
        if (!to) continue;
        header.msg_name = const_cast<sockaddr*>(to->data());
        header.msg_namelen = to->size();
    }
    return io.send_messages(fd, {all.messages, from.size()});
}

int change_group(int fd, const net::endpoint& group, unsigned interface_index, bool join) noexcept {
    group_req request{};
    std::memcpy(&request.gr_group, group.data(), group.size());
    request.gr_interface = interface_index;
    if (interface_index == 0 && group.is_v6()) {
        sockaddr_in6 address{};
        std::memcpy(&address, group.data(), sizeof address);
        request.gr_interface = address.sin6_scope_id;
    }
    return current_driver().set_option(fd, group.is_v6() ? IPPROTO_IPV6 : IPPROTO_IP,
                                       join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP, &request,
                                       sizeof request);
}

int set_v4(int fd, udp_setting which, int value) noexcept {
    if (which == udp_setting::multicast_loop) return set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, value);
    if (which == udp_setting::multicast_hops) return set(fd, IPPROTO_IP, IP_MULTICAST_TTL, value);
    ip_mreqn by_index{};
    by_index.imr_ifindex = value;
    return current_driver().set_option(fd, IPPROTO_IP, IP_MULTICAST_IF, &by_index, sizeof by_index);
}

int set_v6(int fd, udp_setting which, int value) noexcept {
    if (which == udp_setting::multicast_loop)
        return set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, value);
    const int name = which == udp_setting::multicast_hops ? IPV6_MULTICAST_HOPS : IPV6_MULTICAST_IF;
    return set(fd, IPPROTO_IPV6, name, value);
}

}  // namespace

fd_ref udp_open(int family, std::error_code* ec) {
    const int number = current_driver().open_socket(family, SOCK_DGRAM);
    report(number, "a new UDP socket", ec);
    return number < 0 ? fd_ref() : fd_ref(make_fd(number));
}

fd_ref udp_bind_by_name(std::string_view local, const net::udp_options& options,
                        std::error_code* ec) {
    const addresses all =
        look_up(local, port_part::required, {.protocol = net::transport::udp}, never);
    report_look_up(all, local, "bind to", ec);
    int failure = 0;
    for (const net::endpoint& each : all.found) {
        failure = current_driver().open_socket(each.family(), SOCK_DGRAM);
        if (failure < 0) continue;
        fd_ref made(make_fd(failure));
        failure = bind_to(made, each, options);
        if (failure == 0) return made;
    }
    if (failure < 0)
        report(failure, "bind to " + text_of_last(all, local), ec, cure_of_bind(failure));
    return {};
}

fd_ref udp_bind(const net::endpoint& local, const net::udp_options& options, std::error_code* ec) {
    fd_ref made = udp_open(local.family(), ec);
    if (made.get() == nullptr) return made;
    const int failure = bind_to(made, local, options);
    if (failure < 0) made.reset();
    report(failure, "bind to " + local.to_string(), ec, cure_of_bind(failure));
    return made;
}

void udp_connect(const fd_ref& fd, const net::endpoint& peer, std::error_code* ec) {
    report(current_driver().connect(fd_native(fd), peer.data(), peer.size()),
           "connect to " + peer.to_string(), ec);
}

void udp_connect_by_name(const fd_ref& fd, std::string_view peer, std::error_code* ec) {
    const int family = family_of(fd_native(fd));
    if (family < 0) return report(family, "connect to " + std::string(peer), ec);
    // An address is tried whatever its family is: the kernel tells what is wrong with it.
    net::resolve_options wanted{.protocol = net::transport::udp};
    if (!numeric_endpoint(split_host(peer, port_part::required)))
        wanted.family = family == AF_INET6 ? net::ip_family::v6 : net::ip_family::v4;
    const addresses all = look_up(peer, port_part::required, wanted, never);
    report_look_up(all, peer, "connect to", ec);
    int failure = 0;
    for (const net::endpoint& each : all.found) {
        failure = current_driver().connect(fd_native(fd), each.data(), each.size());
        if (failure == 0) return;
    }
    if (failure < 0) report(failure, "connect to " + text_of_last(all, peer), ec);
}

void udp_disconnect(const fd_ref& fd, std::error_code* ec) {
    sockaddr nobody{};
    nobody.sa_family = AF_UNSPEC;
    finish(current_driver().connect(fd_native(fd), &nobody, sizeof nobody), "disconnect", ec);
}

net::endpoint udp_peer(const fd_ref& fd, std::error_code* ec) {
    message_address address;
    address.size = sizeof address.storage;
    const int failure = current_driver().peer_name(fd_native(fd), address.data(), &address.size);
    report(failure, "peer address", ec);
    if (failure < 0) return {};
    return {address.data(), address.size};
}

fd_ref udp_adopt(int fd, std::error_code* ec) {
    return adopt_socket(fd, SOCK_DGRAM, address_kind::internet, ec);
}

ssize_t udp_receive_batch(const fd_ref& fd, std::span<net::incoming_datagram> into, waiting mode) {
    if (into.empty()) return 0;
    const auto now = into.first(std::min(into.size(), most));
    return receive_messages_with(fd, mode, [now](driver& io, int number, worker*) -> ssize_t {
        return receive_now(io, number, now);
    });
}

ssize_t udp_send_batch(const fd_ref& fd, std::span<const net::outgoing_datagram> from,
                       waiting mode) {
    if (from.empty()) return 0;
    const auto now = from.first(std::min(from.size(), most));
    return send_messages_with(fd, mode, [now](driver& io, int number, worker*) -> ssize_t {
        return send_now(io, number, now);
    });
}

void udp_change_group(const fd_ref& fd, const net::endpoint& group, unsigned interface_index,
                      bool join, std::error_code* ec) {
    report(change_group(fd_native(fd), group, interface_index, join),
           (join ? "join_multicast of " : "leave_multicast of ") + group.to_string(), ec);
}

void udp_set(const fd_ref& fd, udp_setting which, int value, std::error_code* ec) {
    const int number = fd_native(fd);
    const int family = family_of(number);
    if (family < 0) {
        fail(family, "set_option", ec);
    } else {
        finish(family == AF_INET6 ? set_v6(number, which, value) : set_v4(number, which, value),
               "set_option", ec);
    }
}

}  // namespace mioco::detail
