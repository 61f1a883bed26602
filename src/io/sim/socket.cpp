// SPDX-License-Identifier: MPL-2.0
#include "io/sim/socket.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/epoll.h>

#include "io/sim/world.hpp"

namespace mioco::detail::sim {

socket_base::socket_base(world& in, host_id host, int family, int type)
    : open_file(in, host, kind::socket, O_RDWR | O_NONBLOCK),
      family_(family),
      type_(type),
      options_(family, type, in.wanted().send_buffer_bytes, in.wanted().receive_buffer_bytes) {}

int socket_base::listen(int) { return -EOPNOTSUPP; }

std::shared_ptr<socket_base> socket_base::accept(int& failure) {
    failure = -EOPNOTSUPP;
    return nullptr;
}

int socket_base::get_option(int level, int name, void* value, socklen_t* size) {
    if (level == SOL_SOCKET && name == SO_ERROR) {
        const int error = -take_error();
        return give_option(&error, sizeof error, value, size);
    }
    if (level == SOL_SOCKET && name == SO_ACCEPTCONN) {
        const int listens = is_listening() ? 1 : 0;
        return give_option(&listens, sizeof listens, value, size);
    }
    return options_.get(level, name, value, size);
}

int socket_base::set_option(int level, int name, const void* value, socklen_t size) {
    const std::size_t room = options_.send_bytes();
    const int failure = options_.set(level, name, value, size);
    if (failure == 0) note(act::option, name);
    if (options_.send_bytes() > room) news();
    return failure;
}

void socket_base::fill(struct stat& status) const {
    open_file::fill(status);
    status.st_mode = S_IFSOCK | 0777;
}

ssize_t socket_base::read(part_cursor& into, std::size_t most) {
    incoming what(into, most);
    const ssize_t count = receive(what);
    into = what.into;
    return count;
}

ssize_t socket_base::write(part_cursor& from, std::size_t most) {
    outgoing what(from, most);
    const ssize_t count = send(what);
    from = what.from;
    return count;
}

std::uint32_t socket_base::ends_ready() const noexcept {
    std::uint32_t ready = has_error() ? EPOLLERR : 0U;
    if (no_more_in) ready |= EPOLLIN | EPOLLRDHUP;
    if (no_more_in && no_more_out) ready |= EPOLLHUP;
    return ready;
}

}  // namespace mioco::detail::sim
