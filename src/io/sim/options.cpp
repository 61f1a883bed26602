// SPDX-License-Identifier: MPL-2.0
#include "io/sim/options.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "io/sim/socket.hpp"

namespace mioco::detail::sim {

namespace {

struct known_option {
    int level;
    int name;
    int initial;
    int least;
    int most;
    bool is_flag = false;  // anything but 0 is 1
};

constexpr known_option known_options[] = {
    {SOL_SOCKET, SO_REUSEADDR, 0, INT_MIN, INT_MAX, true},
    {SOL_SOCKET, SO_REUSEPORT, 0, INT_MIN, INT_MAX, true},
    {SOL_SOCKET, SO_KEEPALIVE, 0, INT_MIN, INT_MAX, true},
    {SOL_SOCKET, SO_BROADCAST, 0, INT_MIN, INT_MAX, true},
    {SOL_SOCKET, SO_PASSCRED, 0, INT_MIN, INT_MAX, true},
    {SOL_SOCKET, SO_OOBINLINE, 0, INT_MIN, INT_MAX, true},
    {SOL_SOCKET, SO_DONTROUTE, 0, INT_MIN, INT_MAX, true},
    {SOL_SOCKET, SO_TIMESTAMP, 0, INT_MIN, INT_MAX, true},
    {SOL_SOCKET, SO_NO_CHECK, 0, INT_MIN, INT_MAX, true},
    {SOL_SOCKET, SO_PRIORITY, 0, 0, 6},
    {SOL_SOCKET, SO_MARK, 0, INT_MIN, INT_MAX},
    {SOL_SOCKET, SO_RCVLOWAT, 1, 0, INT_MAX},
    {SOL_SOCKET, SO_BUSY_POLL, 0, 0, INT_MAX},
    {SOL_SOCKET, SO_INCOMING_CPU, -1, -1, INT_MAX},
    {IPPROTO_TCP, TCP_NODELAY, 0, INT_MIN, INT_MAX, true},
    {IPPROTO_TCP, TCP_CORK, 0, INT_MIN, INT_MAX, true},
    {IPPROTO_TCP, TCP_QUICKACK, 1, INT_MIN, INT_MAX, true},
    {IPPROTO_TCP, TCP_KEEPIDLE, 7200, 1, 32'767},
    {IPPROTO_TCP, TCP_KEEPINTVL, 75, 1, 32'767},
    {IPPROTO_TCP, TCP_KEEPCNT, 9, 1, 127},
    {IPPROTO_TCP, TCP_SYNCNT, 6, 1, 127},
    {IPPROTO_TCP, TCP_MAXSEG, 1448, 88, 32'767},
    {IPPROTO_TCP, TCP_LINGER2, 60, INT_MIN, INT_MAX},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, 0, INT_MIN, INT_MAX},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, 0, 0, INT_MAX},
    {IPPROTO_TCP, TCP_FASTOPEN, 0, 0, INT_MAX},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT, 0, INT_MIN, INT_MAX},
    {IPPROTO_IP, IP_TOS, 0, 0, 255},
    {IPPROTO_IP, IP_TTL, 64, 1, 255},
    {IPPROTO_IP, IP_PKTINFO, 0, INT_MIN, INT_MAX, true},
    {IPPROTO_IP, IP_RECVERR, 0, INT_MIN, INT_MAX, true},
    {IPPROTO_IP, IP_FREEBIND, 0, INT_MIN, INT_MAX, true},
    {IPPROTO_IP, IP_MTU_DISCOVER, 1, 0, 5},
    {IPPROTO_IP, IP_MULTICAST_TTL, 1, 0, 255},
    {IPPROTO_IP, IP_MULTICAST_LOOP, 1, INT_MIN, INT_MAX, true},
    {IPPROTO_IP, IP_MULTICAST_ALL, 1, 0, 1},
    {IPPROTO_IPV6, IPV6_V6ONLY, 0, INT_MIN, INT_MAX, true},
    {IPPROTO_IPV6, IPV6_TCLASS, 0, -1, 255},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, 64, -1, 255},
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, 0, INT_MIN, INT_MAX, true},
    {IPPROTO_IPV6, IPV6_RECVERR, 0, INT_MIN, INT_MAX, true},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1, -1, 255},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1, 0, 1},
    {IPPROTO_IPV6, IPV6_MULTICAST_IF, 0, 0, INT_MAX},
};

const known_option* find_known(int level, int name) noexcept {
    const auto* const found = std::ranges::find_if(known_options, [=](const known_option& each) {
        return each.level == level && each.name == name;
    });
    return found == std::end(known_options) ? nullptr : found;
}

// What the kernel allows without more rights, and makes of it at least.
constexpr int most_buffer = 212'992;
constexpr int least_send_buffer = 4'608;
constexpr int least_receive_buffer = 2'304;

// Half of what the kernel counts is for its own records.
std::size_t buffer_bytes(int wanted, int least) noexcept {
    return static_cast<std::size_t>(std::max(2 * std::min(wanted, most_buffer), least));
}

}  // namespace

int give_option(const void* from, std::size_t have, void* value, socklen_t* size) noexcept {
    const auto count = std::min(static_cast<socklen_t>(have), *size);
    std::memcpy(value, from, count);
    *size = count;
    return 0;
}

// Of a level that the protocol does not have.
int socket_options::refusal(int level) const noexcept {
    if (level == SOL_SOCKET) return -ENOPROTOOPT;
    return family_ == AF_UNIX ? -EOPNOTSUPP : -ENOPROTOOPT;
}

int socket_options::number(int level, int name) const noexcept {
    if (const auto found = set_.find({level, name}); found != set_.end()) return found->second;
    const known_option* const known = find_known(level, name);
    return known == nullptr ? 0 : known->initial;
}

int socket_options::get(int level, int name, void* value, socklen_t* size) const {
    int number_of = 0;
    if (level == SOL_SOCKET) {
        switch (name) {
            case SO_TYPE:
                return give_option(&type_, sizeof type_, value, size);
            case SO_DOMAIN:
                return give_option(&family_, sizeof family_, value, size);
            case SO_PROTOCOL:
                if (family_ != AF_UNIX)
                    number_of = type_ == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
                return give_option(&number_of, sizeof number_of, value, size);
            case SO_SNDBUF:
                number_of = static_cast<int>(send_bytes_);
                return give_option(&number_of, sizeof number_of, value, size);
            case SO_RCVBUF:
                number_of = static_cast<int>(receive_bytes_);
                return give_option(&number_of, sizeof number_of, value, size);
            case SO_LINGER:
                return give_option(&linger_, sizeof linger_, value, size);
            case SO_RCVTIMEO:
                return give_option(&receive_timeout_, sizeof receive_timeout_, value, size);
            case SO_SNDTIMEO:
                return give_option(&send_timeout_, sizeof send_timeout_, value, size);
            default:
                break;
        }
    }
    const bool has_level = level == SOL_SOCKET || (family_ != AF_UNIX && level != IPPROTO_TCP) ||
                           (family_ != AF_UNIX && type_ == SOCK_STREAM);
    if (!has_level || find_known(level, name) == nullptr) return refusal(level);
    if (level == IPPROTO_IPV6 && family_ != AF_INET6) return -ENOPROTOOPT;
    number_of = number(level, name);
    return give_option(&number_of, sizeof number_of, value, size);
}

// -EOPNOTSUPP: it is none of these.
int socket_options::set_struct(int name, const void* value, socklen_t size) {
    const auto copy_to = [&](auto& into) {
        if (size < sizeof into) return -EINVAL;
        std::memcpy(&into, value, sizeof into);
        return 0;
    };
    switch (name) {
        case SO_LINGER:
            return copy_to(linger_);
        case SO_RCVTIMEO:
            return copy_to(receive_timeout_);
        case SO_SNDTIMEO:
            return copy_to(send_timeout_);
        default:
            return -EOPNOTSUPP;
    }
}

int socket_options::set(int level, int name, const void* value, socklen_t size) {
    if (level == SOL_SOCKET) {
        if (const int result = set_struct(name, value, size); result != -EOPNOTSUPP) return result;
    }
    const bool is_tcp = family_ != AF_UNIX && type_ == SOCK_STREAM;
    if (level != SOL_SOCKET && (family_ == AF_UNIX || (level == IPPROTO_TCP && !is_tcp)))
        return refusal(level);
    if (level == IPPROTO_IPV6 && family_ != AF_INET6) return -ENOPROTOOPT;
    int number_of = 0;
    if (size >= sizeof number_of) {
        std::memcpy(&number_of, value, sizeof number_of);
    } else if (size >= 1 && level == IPPROTO_IP) {
        number_of = *static_cast<const unsigned char*>(value);
    } else {
        return -EINVAL;
    }
    if (level == SOL_SOCKET && name == SO_SNDBUF) {
        send_bytes_ = buffer_bytes(number_of, least_send_buffer);
        return 0;
    }
    if (level == SOL_SOCKET && name == SO_RCVBUF) {
        receive_bytes_ = buffer_bytes(number_of, least_receive_buffer);
        return 0;
    }
    const known_option* const known = find_known(level, name);
    if (known == nullptr) return refusal(level);
    if (number_of < known->least || number_of > known->most) return -EINVAL;
    if (known->is_flag) number_of = number_of != 0 ? 1 : 0;
    set_[{level, name}] = number_of;
    return 0;
}

}  // namespace mioco::detail::sim
