// SPDX-License-Identifier: MPL-2.0
#include "io/epoll/system_transfer.hpp"
#include "net/stream_io.hpp"

namespace mioco::detail {

struct socket_transfer {
    static ssize_t receive(driver& io, bytes into, int fd) noexcept { return io.receive(into, fd); }
    static ssize_t send(driver& io, const_bytes from, int fd) noexcept { return io.send(from, fd); }
    static ssize_t receive_here(worker& here, bytes into, int fd) noexcept {
        return system_receive(here, into, fd);
    }
    static ssize_t send_first(const fd_object& fd, const_bytes from) {
        return system_send_first(fd, from);
    }
    static ssize_t receive_into(driver& io, int fd, std::span<const iovec> into) noexcept {
        return io.receive_into(fd, into);
    }
    static ssize_t send_from(driver& io, int fd, std::span<const iovec> from) noexcept {
        return io.send_from(fd, from);
    }
};

template struct stream_calls<socket_transfer>;

}  // namespace mioco::detail
