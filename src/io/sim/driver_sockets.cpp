// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <cerrno>

#include "io/sim/control.hpp"
#include "io/sim/sim_driver.hpp"
#include "io/sim/tcp_socket.hpp"
#include "io/sim/udp_socket.hpp"
#include "io/sim/unix_socket.hpp"

// The calls of sockets.

namespace mioco::detail::sim {

namespace {

constexpr int known_types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

std::span<const iovec> parts_of(const msghdr& message) noexcept {
    return {message.msg_iov, message.msg_iovlen};
}

}  // namespace

sim_driver::found<socket_base> sim_driver::find_socket(int fd, const char* call) noexcept {
    const auto [file, failure] = find(fd, call);
    if (file == nullptr) return {nullptr, failure};
    if (file->what() != sim::open_file::kind::socket) return {nullptr, -ENOTSOCK};
    return {static_cast<socket_base*>(file), 0};
}

// What is left is announced, as a read that takes less than it has room for says that there is no more.
std::size_t sim_driver::shortened(sim::open_file& file, way which, std::size_t most) noexcept {
    const double rate = which == way::in ? in_.faults().short_read : in_.faults().short_write;
    if (rate <= 0 || most <= 1) return most;
    const bool is_stream = file.what() != sim::open_file::kind::socket ||
                           static_cast<const socket_base&>(file).type() == SOCK_STREAM;
    if (!is_stream || !in_.chance(rate)) return most;
    file.note(act::made_short, static_cast<std::int64_t>(most));
    file.news();
    return 1 + static_cast<std::size_t>(in_.below(most - 1));
}

ssize_t sim_driver::receive_parts(int fd, std::span<const iovec> into, const char* call) noexcept {
    const auto [from, failure] = find_socket(fd, call);
    if (from == nullptr) return failure;
    if (const int disturbed = disturb(*from); disturbed < 0) return disturbed;
    const part_cursor parts(into);
    incoming what(parts, shortened(*from, way::in, parts.left()));
    return done(*from, act::receive, from->receive(what));
}

ssize_t sim_driver::send_parts(int fd, std::span<const iovec> from, const char* call) noexcept {
    const auto [to, failure] = find_socket(fd, call);
    if (to == nullptr) return failure;
    if (const int disturbed = disturb(*to); disturbed < 0) return disturbed;
    const part_cursor parts(from);
    outgoing what(parts, shortened(*to, way::out, parts.left()));
    return done(*to, act::send, to->send(what));
}

ssize_t sim_driver::receive(std::span<std::byte> into, int fd) noexcept {
    const iovec part{into.data(), into.size()};
    return receive_parts(fd, {&part, 1}, "receive");
}

ssize_t sim_driver::send(std::span<const std::byte> from, int fd) noexcept {
    const iovec part{const_cast<std::byte*>(from.data()), from.size()};
    return send_parts(fd, {&part, 1}, "send");
}

ssize_t sim_driver::receive_into(int fd, std::span<const iovec> into) noexcept {
    return receive_parts(fd, into, "receive");
}

ssize_t sim_driver::send_from(int fd, std::span<const iovec> from) noexcept {
    return send_parts(fd, from, "send");
}

ssize_t sim_driver::receive_at_once(std::span<std::byte> into, int fd) noexcept {
    return receive(into, fd);
}

ssize_t sim_driver::send_at_once(std::span<const std::byte> from, int fd) noexcept {
    return send(from, fd);
}

ssize_t sim_driver::receive_one(socket_base& from, msghdr& message) noexcept {
    const part_cursor parts(parts_of(message));
    incoming what(parts, shortened(from, way::in, parts.left()));
    sockaddr_storage name;
    if (message.msg_name != nullptr) what.name = &name;
    const ssize_t count = done(from, act::receive, from.receive(what));
    if (count < 0) return count;
    message.msg_flags = what.truncated ? MSG_TRUNC : 0;
    if (message.msg_name != nullptr) {
        copy_name(name, what.name_size, static_cast<sockaddr*>(message.msg_name),
                  &message.msg_namelen);
    }
    if (!what.files.empty()) from.note(act::passed, static_cast<std::int64_t>(what.files.size()));
    write_control(what, in_.table(), from.host(), message);
    return count;
}

ssize_t sim_driver::send_one(socket_base& to, const msghdr& message) noexcept {
    const part_cursor parts(parts_of(message));
    outgoing what(parts, shortened(to, way::out, parts.left()));
    what.name = static_cast<const sockaddr*>(message.msg_name);
    what.name_size = message.msg_name == nullptr ? 0 : message.msg_namelen;
    if (to.family() == AF_UNIX) {
        if (const int failure = read_control(message, in_.table(), what); failure < 0)
            return failure;
    }
    return done(to, act::send, to.send(what));
}

ssize_t sim_driver::receive_message(int fd, msghdr& message) noexcept {
    const auto [from, failure] = find_socket(fd, "receive");
    if (from == nullptr) return failure;
    if (const int disturbed = disturb(*from); disturbed < 0) return disturbed;
    return receive_one(*from, message);
}

ssize_t sim_driver::send_message(int fd, const msghdr& message) noexcept {
    const auto [to, failure] = find_socket(fd, "send");
    if (to == nullptr) return failure;
    if (const int disturbed = disturb(*to); disturbed < 0) return disturbed;
    return send_one(*to, message);
}

int sim_driver::receive_messages(int fd, std::span<mmsghdr> messages) noexcept {
    const auto [from, failure] = find_socket(fd, "receive");
    if (from == nullptr) return failure;
    if (const int disturbed = disturb(*from); disturbed < 0) return disturbed;
    int count = 0;
    for (mmsghdr& each : messages) {
        const ssize_t size = receive_one(*from, each.msg_hdr);
        if (size < 0) return count > 0 ? count : static_cast<int>(size);
        each.msg_len = static_cast<unsigned>(size);
        ++count;
    }
    return count;
}

int sim_driver::send_messages(int fd, std::span<mmsghdr> messages) noexcept {
    const auto [to, failure] = find_socket(fd, "send");
    if (to == nullptr) return failure;
    if (const int disturbed = disturb(*to); disturbed < 0) return disturbed;
    int count = 0;
    for (mmsghdr& each : messages) {
        const ssize_t size = send_one(*to, each.msg_hdr);
        if (size < 0) return count > 0 ? count : static_cast<int>(size);
        each.msg_len = static_cast<unsigned>(size);
        ++count;
    }
    return count;
}

int sim_driver::open_socket(int family, int type) noexcept {
    const host_id host = in_.current_host();
    if (std::ranges::find(known_types, type) == std::end(known_types)) return -EINVAL;
    if (family == AF_UNIX) return add(std::make_shared<unix_socket>(in_, host, type));
    if (family != AF_INET && family != AF_INET6) return -EAFNOSUPPORT;
    if (type == SOCK_STREAM) return add(std::make_shared<tcp_socket>(in_, host, family));
    if (type == SOCK_DGRAM) return add(std::make_shared<udp_socket>(in_, host, family));
    return -ESOCKTNOSUPPORT;
}

int sim_driver::open_socket_pair(int family, int type, int (&ends)[2]) noexcept {
    if (family != AF_UNIX) return -EOPNOTSUPP;
    if (std::ranges::find(known_types, type) == std::end(known_types)) return -EINVAL;
    const host_id host = in_.current_host();
    auto one = std::make_shared<unix_socket>(in_, host, type);
    auto other = std::make_shared<unix_socket>(in_, host, type);
    unix_socket::join(one, other);
    return add_pair(std::move(one), std::move(other), ends);
}

int sim_driver::bind(int fd, const sockaddr* address, socklen_t size) noexcept {
    const auto [socket, failure] = find_socket(fd, "bind");
    return socket == nullptr ? failure : socket->bind(address, size);
}

int sim_driver::listen(int fd, int backlog) noexcept {
    const auto [socket, failure] = find_socket(fd, "listen");
    return socket == nullptr ? failure : socket->listen(backlog);
}

int sim_driver::accept(int fd, sockaddr* peer, socklen_t* size) noexcept {
    const auto [listener, failure] = find_socket(fd, "accept");
    if (listener == nullptr) return failure;
    if (const int disturbed = disturb(*listener); disturbed < 0) return disturbed;
    // Before the queue is looked at, as the kernel: who waits there is kept.
    if (!in_.table().has_room(listener->host())) return -EMFILE;
    int refused = 0;
    std::shared_ptr<socket_base> made = listener->accept(refused);
    if (made == nullptr) return refused;
    sockaddr_storage name{};
    copy_name(name, made->accepted_name(name), peer, size);
    return done(*listener, act::accept, add(std::move(made)));
}

// Only an attempt that goes on by itself can be interrupted when it has begun.
int sim_driver::connect(int fd, const sockaddr* address, socklen_t size) noexcept {
    const auto [socket, failure] = find_socket(fd, "connect");
    if (socket == nullptr) return failure;
    const bool interrupted = socket->type() != SOCK_DGRAM && in_.chance(in_.faults().interrupted);
    if (interrupted) socket->note(act::interrupted, 0);
    if (interrupted && socket->family() == AF_UNIX) return -EINTR;
    const int result = done(*socket, act::connect, socket->connect(address, size));
    return interrupted && result == -EINPROGRESS ? -EINTR : result;
}

int sim_driver::shutdown(int fd, int how) noexcept {
    const auto [socket, failure] = find_socket(fd, "shutdown");
    if (socket == nullptr) return failure;
    return done(*socket, act::shutdown, socket->shutdown(how));
}

int sim_driver::get_option(int fd, int level, int name, void* value, socklen_t* size) noexcept {
    const auto [socket, failure] = find_socket(fd, "an option");
    return socket == nullptr ? failure : socket->get_option(level, name, value, size);
}

int sim_driver::set_option(int fd, int level, int name, const void* value,
                           socklen_t size) noexcept {
    const auto [socket, failure] = find_socket(fd, "an option");
    return socket == nullptr ? failure : socket->set_option(level, name, value, size);
}

int sim_driver::local_name(int fd, sockaddr* address, socklen_t* size) noexcept {
    const auto [socket, failure] = find_socket(fd, "the address");
    if (socket == nullptr) return failure;
    sockaddr_storage name{};
    copy_name(name, socket->local_name(name), address, size);
    return 0;
}

int sim_driver::peer_name(int fd, sockaddr* address, socklen_t* size) noexcept {
    const auto [socket, failure] = find_socket(fd, "the peer's address");
    if (socket == nullptr) return failure;
    sockaddr_storage name{};
    const int length = socket->peer_name(name);
    if (length < 0) return length;
    copy_name(name, static_cast<socklen_t>(length), address, size);
    return 0;
}

}  // namespace mioco::detail::sim
