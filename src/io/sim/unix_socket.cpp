// SPDX-License-Identifier: MPL-2.0
#include "io/sim/unix_socket.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/epoll.h>

#include "io/sim/world.hpp"

// Connections. Names are in unix_names.cpp, and what is sent in unix_transfer.cpp.

namespace mioco::detail::sim {

unix_socket::unix_socket(world& in, host_id host, int type)
    : socket_base(in, host, AF_UNIX, type) {}

void unix_socket::join(const std::shared_ptr<unix_socket>& one,
                       const std::shared_ptr<unix_socket>& other) {
    one->state_ = other->state_ = state::connected;
    one->peer_ = other;
    other->peer_ = one;
}

int unix_socket::listen(int backlog) {
    if (is_datagram()) return -EOPNOTSUPP;
    if (name_.empty() || state_ == state::connected) return -EINVAL;
    const int most = in().wanted().longest_backlog;
    backlog_ = backlog < 0 ? most : std::min(backlog, most);
    state_ = state::listening;
    note(act::listen, backlog_);
    return 0;
}

std::shared_ptr<socket_base> unix_socket::accept(int& failure) {
    failure = is_datagram() ? -EOPNOTSUPP : -EINVAL;
    if (state_ != state::listening) return nullptr;
    if (unaccepted_.empty()) {
        failure = no_more_in ? -EINVAL : -EAGAIN;
        return nullptr;
    }
    const std::shared_ptr<unix_socket> first = std::move(unaccepted_.front());
    unaccepted_.pop_front();
    note(act::accept, static_cast<std::int64_t>(first->id()));
    return first;
}

int unix_socket::connect(const sockaddr* address, socklen_t size) {
    if (is_datagram() && size >= sizeof address->sa_family && address->sa_family == AF_UNSPEC)
        return disconnect();
    int failure = 0;
    const std::shared_ptr<unix_socket> to = find(address, size, failure);
    if (!to) return failure;
    note(act::connect, static_cast<std::int64_t>(to->id()));
    if (is_datagram()) return connect_datagrams(to);
    if (to->state_ != state::listening || to->no_more_in) return -ECONNREFUSED;
    if (to->unaccepted_.size() > static_cast<std::size_t>(to->backlog_)) return -EAGAIN;
    if (state_ == state::connected) return -EISCONN;
    if (state_ == state::listening) return -EINVAL;
    auto other = std::make_shared<unix_socket>(in(), host(), type());
    join(self(), other);
    other->name_ = to->name_;
    other->peer_name_ = name_;
    peer_name_ = to->name_;
    to->unaccepted_.push_back(std::move(other));
    to->news();
    return 0;
}

int unix_socket::connect_datagrams(const std::shared_ptr<unix_socket>& to) {
    const auto others = to->peer_.lock();
    if (others && others.get() != this) return -EPERM;
    disconnect();
    peer_ = to;
    peer_name_ = to->name_;
    state_ = state::connected;
    to->followers_.push_back(self());
    news();
    return 0;
}

int unix_socket::disconnect() {
    if (const auto old = peer_.lock()) {
        std::erase_if(old->followers_, [this](const auto& each) {
            const auto follower = each.lock();
            return !follower || follower.get() == this;
        });
    }
    peer_.reset();
    state_ = state::fresh;
    return 0;
}

int unix_socket::shutdown(int how) {
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return -EINVAL;
    note(act::shutdown, how);
    if (how != SHUT_WR) no_more_in = true;
    if (how != SHUT_RD) no_more_out = true;
    const auto peer = peer_.lock();
    if (peer && !is_datagram()) {
        if (how != SHUT_WR) peer->no_more_out = true;
        if (how != SHUT_RD) peer->no_more_in = true;
        peer->news();
    }
    news();
    return 0;
}

int unix_socket::get_option(int level, int name, void* value, socklen_t* size) {
    if (level != SOL_SOCKET || name != SO_PEERCRED)
        return socket_base::get_option(level, name, value, size);
    const bool known = state_ != state::fresh;
    // Of a process that is the host: the one that runs the simulation has nothing to do with it.
    constexpr uid_t nobody = static_cast<uid_t>(-1);
    const ucred peer{known ? static_cast<pid_t>(host() + 1) : 0, known ? 1000 : nobody,
                     known ? 1000 : nobody};
    return give_option(&peer, sizeof peer, value, size);
}

bool unix_socket::is_full_for(const unix_socket& sender) const noexcept {
    // As net.unix.max_dgram_qlen.
    constexpr std::size_t longest_queue = 10;
    return peer_.lock().get() != &sender && queue_.size() > longest_queue;
}

std::uint32_t unix_socket::ready() const noexcept {
    if (state_ == state::listening) return unaccepted_.empty() ? ends_ready() : EPOLLIN;
    std::uint32_t ready = ends_ready();
    if (!queue_.empty()) ready |= EPOLLIN;
    if (!is_datagram() && state_ == state::fresh) ready |= EPOLLHUP;
    bool writable = is_writable();
    if (is_datagram()) {
        const auto peer = peer_.lock();
        if (peer && peer.get() != this && peer->is_full_for(*this)) writable = false;
    }
    if (writable) ready |= EPOLLOUT;
    return ready;
}

void unix_socket::wake_followers() {
    // What they do may change the list.
    const auto all = followers_;
    for (const auto& each : all) {
        if (const auto follower = each.lock()) follower->news();
    }
}

void unix_socket::last_close() { end(false); }

void unix_socket::end(bool unaccepted) {
    const auto kept = self();
    gone_ = true;
    if (owns_name_ && name_.front() == '\0') in().net().at(host()).abstract_names.erase(name_);
    for (const auto& each : std::exchange(unaccepted_, {})) each->end(true);
    if (const auto peer = peer_.lock(); peer && !is_datagram()) end_connection(*peer, unaccepted);
    if (is_datagram()) disconnect();
    wake_followers();
    drop_contents();
}

void unix_socket::end_connection(unix_socket& survivor, bool unaccepted) {
    survivor.no_more_in = survivor.no_more_out = true;
    if (unaccepted || !queue_.empty()) survivor.set_error(ECONNRESET);
    survivor.news();
}

void unix_socket::vanish() {
    gone_ = true;
    drop_contents();
}

void unix_socket::drop_contents() {
    const auto kept = weak_from_this().lock();
    unaccepted_.clear();
    while (!queue_.empty()) drop_first();
}

}  // namespace mioco::detail::sim
