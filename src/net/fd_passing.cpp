// SPDX-License-Identifier: MPL-2.0
#include <mioco/net/fd_passing.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <mioco/detail/io_result.hpp>

#include "io/driver.hpp"
#include "io/fd.hpp"
#include "net/message_attempts.hpp"
#include "net/result.hpp"

namespace mioco::detail {

namespace {

constexpr std::size_t most_fds = 253;  // SCM_MAX_FD of the kernel
constexpr int scm_pidfd = 4;           // newer than the headers

// Room for a full load, and for the credentials that a user may have asked for.
struct alignas(cmsghdr) control_room {
    std::byte data[CMSG_SPACE(most_fds * sizeof(int)) + CMSG_SPACE(sizeof(ucred)) +
                   CMSG_SPACE(sizeof(int))];
};

int fd_at(const cmsghdr& header, std::size_t place) noexcept {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(&header) + place * sizeof fd, sizeof fd);
    return fd;
}

bool holds_fds(const cmsghdr& header) noexcept {
    return header.cmsg_level == SOL_SOCKET &&
           (header.cmsg_type == SCM_RIGHTS || header.cmsg_type == scm_pidfd);
}

// Every descriptor that came is open here by now: each gets an owner, and those without a place are closed.
void take_fds(msghdr& message, std::span<owned_fd> places, net::received_fds& result) noexcept {
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (!holds_fds(*header)) continue;
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            owned_fd came(fd_at(*header, i));
            if (header->cmsg_type != SCM_RIGHTS)
                continue;  // of the sender, which was not asked for
            if (result.count < places.size()) {
                places[result.count++] = std::move(came);
            } else {
                result.fds_lost = true;
            }
        }
    }
}

struct received {
    ssize_t count;
    net::received_fds result;
};

received receive(const fd_ref& fd, bytes into, std::span<owned_fd> places, waiting mode) {
    iovec part{into.data(), into.size()};
    control_room control;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    received got{receive_message(fd, message, mode), {}};
    if (got.count < 0) {
        // Something may have come all the same: an empty message that met a close.
        net::received_fds nobodys;
        take_fds(message, {}, nobodys);
        return got;
    }
    got.result.size = static_cast<std::size_t>(got.count);
    got.result.truncated = (message.msg_flags & MSG_TRUNC) != 0;
    got.result.fds_lost = (message.msg_flags & MSG_CTRUNC) != 0;
    take_fds(message, places, got.result);
    return got;
}

bool is_stream(const fd_ref& fd) noexcept {
    int type = 0;
    socklen_t size = sizeof type;
    return current_driver().get_option(fd_native(fd), SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           type == SOCK_STREAM;
}

ssize_t send(const fd_ref& fd, const_bytes from, std::span<const int> fds, waiting mode) {
    if (fds.size() > most_fds) return -EINVAL;
    // The kernel would send nothing, and drop the descriptors without a word.
    if (from.empty() && is_stream(fd)) return -EINVAL;
    iovec part{const_cast<std::byte*>(from.data()), from.size()};
    control_room control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(fds.size_bytes());
        cmsghdr* const header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fds.size_bytes());
        std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
    }
    return send_message(fd, message, mode);
}

}  // namespace

net::received_fds receive_fds(const fd_ref& fd, bytes into, std::span<owned_fd> fds,
                              std::error_code* ec) {
    const received got = receive(fd, into, fds, waiting::allowed);
    finish(got.count, "recv_fds", ec);
    return got.result;
}

std::optional<net::received_fds> try_receive_fds(const fd_ref& fd, bytes into,
                                                 std::span<owned_fd> fds, std::error_code* ec) {
    const received got = receive(fd, into, fds, waiting::never);
    finish_try(got.count, "try_recv_fds", ec);
    if (got.count < 0) return std::nullopt;
    return got.result;
}

std::size_t send_fds(const fd_ref& fd, const_bytes from, std::span<const int> fds,
                     std::error_code* ec) {
    return finish(send(fd, from, fds, waiting::allowed), "send_fds", ec);
}

std::optional<std::size_t> try_send_fds(const fd_ref& fd, const_bytes from,
                                        std::span<const int> fds, std::error_code* ec) {
    return finish_try(send(fd, from, fds, waiting::never), "try_send_fds", ec);
}

net::peer_credentials socket_peer_credentials(const fd_ref& fd, std::error_code* ec) {
    ucred peer{};
    socklen_t size = sizeof peer;
    finish(current_driver().get_option(fd_native(fd), SOL_SOCKET, SO_PEERCRED, &peer, &size),
           "credentials", ec);
    return {peer.pid, peer.uid, peer.gid};
}

}  // namespace mioco::detail
