// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <string>
#include <system_error>
#include <utility>

#include <sys/types.h>

#include <mioco/detail/fd_ref.hpp>
#include <mioco/detail/message_io.hpp>
#include <mioco/net/unix_endpoint.hpp>

// What the three types of Unix sockets share. `type` is SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET; with `ec` null an error is
// thrown that names the address.

namespace mioco::net {

/// How a Unix socket gets its path. Of abstract names none of this matters.
struct unix_bind_options {
    /// Remove a socket file that nobody listens at any more, such as a crashed server's, and take its place. Whatever else is there
    /// stays, and is an error. Of servers that start at the same moment more than one may find the file stale, and each takes the path from
    /// the one before, which listens on unreached: let one start after the other, or each hold a lock of yours (flock(2)) meanwhile.
    bool remove_stale = false;
    /// Remove the file when the socket is closed or destroyed, if it is still the one that was made.
    bool remove_on_close = false;
};

/// How a Unix listener is made.
struct unix_listen_options {
    /// Connections that the kernel holds until they are accepted; it caps this at `net.core.somaxconn`.
    int backlog = 4096;
    /// See `unix_bind_options`.
    bool remove_stale = false;
    /// See `unix_bind_options`.
    bool remove_on_close = false;
};

}  // namespace mioco::net

namespace mioco::detail {

/// A file to be removed with its socket; none by default.
class socket_file {
public:
    socket_file() noexcept = default;
    /// The file that is at `path` now.
    explicit socket_file(std::string path);
    socket_file(socket_file&& other) noexcept { take(other); }
    socket_file& operator=(socket_file&& other) noexcept {
        if (this != &other) {
            remove();
            take(other);
        }
        return *this;
    }
    socket_file(const socket_file&) = delete;
    socket_file& operator=(const socket_file&) = delete;
    ~socket_file() { remove(); }

    /// Unless another file has taken its place. Before the socket is closed, which keeps the file's number from being another's. May
    /// be called twice, and by several at once.
    void remove() const noexcept;
    /// The file stays.
    void forget() noexcept { path_.clear(); }

private:
    void take(socket_file& other) noexcept {
        path_ = std::exchange(other.path_, {});
        device_ = other.device_;
        number_ = other.number_;
        is_over_.store(other.is_over_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    }

    std::string path_;
    dev_t device_ = 0;
    ino_t number_ = 0;
    mutable std::atomic<bool> is_over_{false};  // whether `remove` was called
};

struct bound_socket {
    fd_ref fd;
    socket_file file;
};

bound_socket unix_bind(const net::unix_endpoint& local, int type,
                       const net::unix_bind_options& options, std::error_code* ec);
bound_socket unix_listen(const net::unix_endpoint& local, int type,
                         const net::unix_listen_options& options, std::error_code* ec);
fd_ref unix_open(int type, std::error_code* ec);
fd_ref unix_connect(const net::unix_endpoint& peer, int type, std::error_code* ec);
/// Of a socket that exists.
void unix_set_peer(const fd_ref& fd, const net::unix_endpoint& peer, std::error_code* ec);
std::pair<fd_ref, fd_ref> unix_pair(int type, std::error_code* ec);
fd_ref unix_adopt(int fd, int type, std::error_code* ec);
fd_ref unix_adopt_connected(int fd, int type, net::unix_endpoint& peer, std::error_code* ec);
fd_ref unix_adopt_listener(int fd, int type, std::error_code* ec);
/// As fd_release; the file stays.
int unix_release(fd_ref& fd, socket_file& file, std::error_code* ec);

struct unix_accepted {
    fd_ref fd;
    net::unix_endpoint peer;
};
unix_accepted unix_accept(const fd_ref& listener, int type, std::error_code* ec);
/// Of what was accepted already: a descriptor, or a negative errno value to throw.
unix_accepted unix_accepted_as(int number, message_address& peer, int type);
/// Without a descriptor if nobody is there.
unix_accepted unix_try_accept(const fd_ref& listener, int type, std::error_code* ec);

net::unix_endpoint unix_local(const fd_ref& fd, std::error_code* ec);
net::unix_endpoint unix_peer(const fd_ref& fd, std::error_code* ec);

}  // namespace mioco::detail
