// SPDX-License-Identifier: MPL-2.0
#include "io/sim/udp_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <sys/epoll.h>

#include "io/sim/datagram_delivery.hpp"
#include "io/sim/world.hpp"

namespace mioco::detail::sim {

namespace {

// What the kernel takes for its records of each.
constexpr std::size_t record_bytes = 768;
constexpr std::size_t longest_v4 = 65'507;
constexpr std::size_t longest_v6 = 65'527;
// The one interface, of either kind of address.
constexpr std::uint32_t only_interface = 1;

}  // namespace

udp_socket::udp_socket(world& in, host_id host, int family)
    : inet_socket(in, host, family, SOCK_DGRAM) {}

port_table& udp_socket::ports() const noexcept { return in().net().at(host()).udp; }

int udp_socket::connect(const sockaddr* address, socklen_t size) {
    if (size >= sizeof address->sa_family && address->sa_family == AF_UNSPEC) return disconnect();
    socket_address to;
    if (const int failure = read_address(address, size, family(), to); failure < 0) return failure;
    network& net = in().net();
    if (to.ip.is_any()) to.ip = ip_address::loopback(to.ip.is_v4());
    if (const int failure = check_target(to); failure < 0) return failure;
    if (const int failure = take_port(nullptr); failure < 0) return failure;
    if (!chose_address()) set_local_ip(net.source_for(host(), to.ip));
    set_peer(to);
    connected_ = true;
    note(act::connect, to.port);
    return 0;
}

int udp_socket::disconnect() {
    connected_ = false;
    set_peer({});
    if (!chose_port()) {
        give_up_port();
        set_local_ip(ip_address::any(family()));
    } else if (!chose_address()) {
        set_local_ip(ip_address::any(family()));
    }
    return 0;
}

int udp_socket::shutdown(int how) {
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return -EINVAL;
    note(act::shutdown, how);
    if (how != SHUT_WR) no_more_in = true;
    if (how != SHUT_RD) no_more_out = true;
    news();
    return connected_ ? 0 : -ENOTCONN;
}

ssize_t udp_socket::receive(incoming& what) {
    if (has_error()) return take_error();
    if (queue_.empty()) return -EAGAIN;
    const datagram first = queue_.pop();
    queued_bytes_ -= first.bytes.size() + record_bytes;
    const std::size_t count = what.into.put(first.bytes);
    what.truncated = count < first.bytes.size();
    if (what.name != nullptr) what.name_size = write_address(first.from, family(), *what.name);
    in().note_content(first.bytes);
    return static_cast<ssize_t>(count);
}

int udp_socket::check_target(const socket_address& to) const {
    if (to.ip.is_broadcast()) return has_option(SO_BROADCAST) ? 0 : -EACCES;
    if (to.ip.is_multicast()) return 0;
    if (is_v6_only() && to.ip.is_v4()) return -ENETUNREACH;
    return in().net().owner_of(host(), to.ip) ? 0 : -ENETUNREACH;
}

ssize_t udp_socket::send(outgoing& what) {
    socket_address to = peer();
    if (what.name != nullptr && what.name_size > 0) {
        if (const int failure = read_address(what.name, what.name_size, family(), to); failure < 0)
            return failure;
        if (to.port == 0) return -EINVAL;
    } else if (!connected_) {
        return -EDESTADDRREQ;
    }
    if (what.most > (to.ip.is_v4() ? longest_v4 : longest_v6)) return -EMSGSIZE;
    if (to.ip.is_any()) to.ip = ip_address::loopback(to.ip.is_v4());
    if (const int failure = check_target(to); failure < 0) return failure;
    if (has_error()) return take_error();
    if (no_more_out) return -EPIPE;
    if (const int failure = take_port(nullptr); failure < 0) return failure;
    std::vector<std::byte> bytes;
    const std::size_t count = what.from.take(bytes, what.most);
    in().note_content(bytes);
    post(to, bytes);
    return static_cast<ssize_t>(count);
}

bool udp_socket::sends_to_own_host() const noexcept {
    const bool six = family() == AF_INET6;
    return options().number(six ? IPPROTO_IPV6 : IPPROTO_IP,
                            six ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP) != 0;
}

void udp_socket::post(const socket_address& to, const std::vector<std::byte>& bytes) {
    network& net = in().net();
    const fault_rates& faults = in().faults();
    const bool to_all = to.ip.is_broadcast() || to.ip.is_multicast();
    const bool stays = to.ip == ip_address::v4(127, 255, 255, 255);
    socket_address from = local();
    if (from.ip.is_any() || from.ip.is_multicast()) from.ip = net.source_for(host(), to.ip);
    const host_id first = to_all ? 0 : net.owner_of(host(), to.ip).value_or(host());
    const auto last = to_all ? static_cast<host_id>(net.size() - 1) : first;
    for (host_id each = first; each <= last; ++each) {
        if (to_all && stays && each != host()) continue;
        if (to.ip.is_multicast() && each == host() && !sends_to_own_host()) continue;
        if (!net.is_open(host(), each) || in().chance(faults.lost)) {
            note(act::lost_datagram, static_cast<std::int64_t>(bytes.size()));
            continue;
        }
        const unsigned copies = in().chance(faults.duplicated) ? 2 : 1;
        for (unsigned copy = 0; copy < copies; ++copy) {
            nanoseconds_t when = net.arrival(host(), each, bytes.size());
            if (in().chance(faults.reordered))
                when += 1 + static_cast<nanoseconds_t>(in().below(static_cast<std::uint64_t>(
                                2 * in().wanted().latency.most.count() + 1'000'000)));
            in().post(when,
                      std::make_shared<datagram_delivery>(
                          in(), datagram_delivery::route{host(), each, to}, datagram{from, bytes},
                          std::static_pointer_cast<udp_socket>(shared_from_this())));
        }
    }
}

void udp_socket::take(const datagram& what) {
    const std::size_t charge = what.bytes.size() + record_bytes;
    if (queued_bytes_ + charge > receive_room()) {
        note(act::lost_datagram, static_cast<std::int64_t>(what.bytes.size()));
        return;
    }
    queued_bytes_ += charge;
    queue_.push(what);
    news();
}

// Only one that is connected can tell whom the error is about.
void udp_socket::refuse(const socket_address& by) {
    if (!connected_ || peer() != by) return;
    set_error(ECONNREFUSED);
    news();
}

bool udp_socket::has_joined(const ip_address& group) const noexcept {
    const auto found = groups_.lower_bound({group, 0});
    return found != groups_.end() && found->first == group;
}

int udp_socket::change_membership(bool joins, const void* value, socklen_t size) {
    group_req request{};
    if (size < sizeof request) return -EINVAL;
    std::memcpy(&request, value, sizeof request);
    socket_address group;
    const auto* const address = reinterpret_cast<const sockaddr*>(&request.gr_group);
    if (address->sa_family != family()) return -EADDRNOTAVAIL;
    if (const int failure = read_address(address, sizeof request.gr_group, family(), group);
        failure < 0)
        return failure;
    if (!group.ip.is_multicast()) return -EINVAL;
    if (request.gr_interface > only_interface) return -ENODEV;
    const membership wanted{group.ip, only_interface};
    if (joins) return groups_.insert(wanted).second ? 0 : -EADDRINUSE;
    return groups_.erase(wanted) > 0 ? 0 : -EADDRNOTAVAIL;
}

// By the interface's number, which comes last; or by an address.
int udp_socket::set_interface(const void* value, socklen_t size) {
    ip_mreqn request{};
    if (size >= sizeof request) {
        std::memcpy(&request, value, sizeof request);
        if (request.imr_ifindex > static_cast<int>(only_interface)) return -EADDRNOTAVAIL;
        multicast_interface_ = request.imr_ifindex;
        return 0;
    }
    return size >= sizeof(in_addr) ? 0 : -EINVAL;
}

int udp_socket::get_option(int level, int name, void* value, socklen_t* size) {
    if (level == IPPROTO_IP && name == IP_MULTICAST_IF) {
        const in_addr none{};
        return give_option(&none, sizeof none, value, size);
    }
    return inet_socket::get_option(level, name, value, size);
}

int udp_socket::set_option(int level, int name, const void* value, socklen_t size) {
    const bool of_ip = level == IPPROTO_IP || level == IPPROTO_IPV6;
    if (of_ip && (name == MCAST_JOIN_GROUP || name == MCAST_LEAVE_GROUP))
        return change_membership(name == MCAST_JOIN_GROUP, value, size);
    if (level == IPPROTO_IP && name == IP_MULTICAST_IF) return set_interface(value, size);
    if (level == IPPROTO_IPV6 && name == IPV6_MULTICAST_IF && size >= sizeof(int)) {
        int which = 0;
        std::memcpy(&which, value, sizeof which);
        if (which > static_cast<int>(only_interface)) return -ENODEV;
    }
    return inet_socket::set_option(level, name, value, size);
}

std::uint32_t udp_socket::ready() const noexcept {
    return ends_ready() | EPOLLOUT | (queue_.empty() ? 0U : EPOLLIN);
}

void udp_socket::last_close() {
    queue_.clear();
    give_up_port();
}

void udp_socket::vanish() {
    queue_.clear();
    groups_.clear();
}

}  // namespace mioco::detail::sim
