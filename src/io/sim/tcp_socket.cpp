// SPDX-License-Identifier: MPL-2.0
#include "io/sim/tcp_socket.hpp"

#include <algorithm>
#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include "io/sim/world.hpp"

// What its user asks of it. What comes from the network is in tcp_arrivals.cpp.

namespace mioco::detail::sim {

tcp_socket::tcp_socket(world& in, host_id host, int family)
    : inet_socket(in, host, family, SOCK_STREAM) {}

port_table& tcp_socket::ports() const noexcept { return in().net().at(host()).tcp; }

int tcp_socket::listen(int backlog) {
    if (state_ != state::fresh && state_ != state::listening) return -EINVAL;
    if (const int failure = take_port(nullptr); failure < 0) return -EADDRINUSE;
    if (!ports().may_listen(*this)) return -EADDRINUSE;
    const int most = in().wanted().longest_backlog;
    backlog_ = backlog < 0 ? most : std::min(backlog, most);
    state_ = state::listening;
    ports().set_listening(*this, true);
    note(act::listen, backlog_);
    return 0;
}

std::shared_ptr<socket_base> tcp_socket::accept(int& failure) {
    failure = state_ != state::listening ? -EINVAL : -EAGAIN;
    if (state_ != state::listening || queue_.empty()) return nullptr;
    const std::shared_ptr<tcp_socket> first = std::move(queue_.front());
    queue_.pop_front();
    note(act::accept, static_cast<std::int64_t>(first->id()));
    return first;
}

int tcp_socket::connect(const sockaddr* address, socklen_t size) {
    if (size >= sizeof address->sa_family && address->sa_family == AF_UNSPEC) return disconnect();
    socket_address to;
    if (const int failure = read_address(address, size, family(), to); failure < 0) return failure;
    if (state_ == state::asking) return -EALREADY;
    if (state_ != state::fresh && state_ != state::over) return -EISCONN;
    network& net = in().net();
    if (to.ip.is_any()) to.ip = ip_address::loopback(to.ip.is_v4());
    const auto owner = net.owner_of(host(), to.ip);
    if (!owner || to.ip.is_multicast() || to.ip.is_broadcast() || (is_v6_only() && to.ip.is_v4()))
        return -ENETUNREACH;
    if (const int failure = take_port(&to); failure < 0) return failure;
    if (!chose_address()) set_local_ip(net.source_for(host(), to.ip));
    set_peer(to);
    note(act::connect, to.port);
    no_more_in = no_more_out = fin_wanted_ = fin_sent_ = fin_acked_ = fin_came_ = false;
    written_ = sent_ = acked_ = limit_ = arrived_ = consumed_ = 0;
    set_error(0);
    state_ = state::asking;
    end_ = 0;
    connection_ = std::make_shared<connection>(in(), connection::place{host(), local()},
                                               connection::place{*owner, to});
    told_limit_ = window();
    connection_->begin(std::static_pointer_cast<tcp_socket>(shared_from_this()));
    return -EINPROGRESS;
}

// As connect(2) to AF_UNSPEC.
int tcp_socket::disconnect() {
    if (state_ == state::listening) stop_listening();
    if (state_ == state::asking) {
        detach(connection::leaving::broken);
        set_error(ECONNRESET);
    } else if (state_ == state::connected) {
        abort();
    }
    state_ = state::fresh;
    no_more_in = no_more_out = false;
    set_peer({});
    news();
    return 0;
}

int tcp_socket::shutdown(int how) {
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return -EINVAL;
    note(act::shutdown, how);
    if (state_ == state::fresh || state_ == state::over) return -ENOTCONN;
    if (state_ == state::listening && how == SHUT_WR) return 0;
    if (state_ != state::connected) return disconnect();
    if (how != SHUT_WR) no_more_in = true;
    if (how != SHUT_RD && !no_more_out) {
        no_more_out = true;
        fin_wanted_ = true;
        push_out();
    }
    news();
    return 0;
}

ssize_t tcp_socket::receive(incoming& what) {
    if (state_ == state::listening) return -ENOTCONN;
    if (!received_.empty()) {
        const std::size_t count =
            what.into.put(received_.all().first(std::min(what.most, received_.size())));
        in().note_content(received_.all().first(count));
        received_.drop(count);
        consumed_ += count;
        tell_window();
        return static_cast<ssize_t>(count);
    }
    if (fin_came_) return 0;
    if (has_error()) return take_error();
    if (no_more_in) return 0;
    return state_ == state::fresh ? -ENOTCONN : -EAGAIN;
}

ssize_t tcp_socket::send(outgoing& what) {
    if (has_error()) return take_error();
    if (state_ == state::asking) return -EAGAIN;
    if (state_ != state::connected || no_more_out) return -EPIPE;
    if (in().chance(in().faults().reset)) {
        note(act::broke, 0);
        connection_->send(end_, {segment::kind::reset});
        fail(ECONNRESET);
        return take_error();
    }
    const std::size_t most = std::min(what.most, room());
    if (most == 0 && what.most > 0) return -EAGAIN;
    const std::size_t count = unsent_.append(what.from, most);
    in().note_content(unsent_.all().last(count));
    written_ += count;
    push_out();
    return static_cast<ssize_t>(count);
}

int tcp_socket::get_option(int level, int name, void* value, socklen_t* size) {
    if (level != IPPROTO_TCP || name != TCP_INFO)
        return inet_socket::get_option(level, name, value, size);
    tcp_info info{};
    info.tcpi_state = kernel_state();
    if (is_listening()) {
        info.tcpi_unacked = static_cast<std::uint32_t>(queue_.size());
        info.tcpi_sacked = static_cast<std::uint32_t>(backlog_);
    } else {
        info.tcpi_unacked = static_cast<std::uint32_t>(sent_ - acked_);
    }
    return give_option(&info, sizeof info, value, size);
}

std::uint8_t tcp_socket::kernel_state() const noexcept {
    switch (state_) {
        case state::listening:
            return TCP_LISTEN;
        case state::asking:
            return TCP_SYN_SENT;
        case state::asked:
            return TCP_SYN_RECV;
        case state::connected:
            if (fin_came_) return fin_sent_ ? TCP_LAST_ACK : TCP_CLOSE_WAIT;
            return fin_sent_ ? TCP_FIN_WAIT2 : TCP_ESTABLISHED;
        default:
            return TCP_CLOSE;
    }
}

std::size_t tcp_socket::room() const noexcept {
    const std::size_t used = written_ - acked_;
    return used < send_room() ? send_room() - used : 0;
}

// There is no event for a little room, which would be used up at once: as of the kernel, a third has to be free.
bool tcp_socket::is_writable() const noexcept { return 2 * room() >= written_ - acked_; }

std::uint32_t tcp_socket::ready() const noexcept {
    if (state_ == state::listening) return queue_.empty() ? 0U : EPOLLIN;
    std::uint32_t ready = ends_ready();
    if (state_ == state::fresh || state_ == state::over) ready |= EPOLLHUP;
    if (state_ == state::asking) return ready;
    if (!received_.empty()) ready |= EPOLLIN;
    if (no_more_out || is_writable()) ready |= EPOLLOUT;
    return ready;
}

void tcp_socket::stop_listening() {
    ports().set_listening(*this, false);
    state_ = state::fresh;
    for (const auto& each : std::exchange(queue_, {})) each->abort();
}

void tcp_socket::last_close() {
    closed_ = true;
    switch (state_) {
        case state::listening:
            stop_listening();
            break;
        case state::asking:
            detach(connection::leaving::broken);
            break;
        case state::connected:
            if (!received_.empty() || options().breaks_on_close()) {
                abort();
            } else {
                constexpr nanoseconds_t time_wait = 60'000'000'000;
                // Who closes first remembers the connection, so that nothing of it reaches the next one.
                if (!fin_came_ && (chose_port() || end_ == 1))
                    ports().hold(local(), reuses_address(), in().now() + time_wait);
                no_more_out = true;
                fin_wanted_ = true;
                push_out();
                return end_when_all_is_sent();
            }
            break;
        default:
            break;
    }
    give_up_port();
}

void tcp_socket::vanish() {
    detach(connection::leaving::lost);
    queue_.clear();
    state_ = state::over;
}

void tcp_socket::drop_contents() {
    queue_.clear();
    connection_.reset();
}

}  // namespace mioco::detail::sim
