// SPDX-License-Identifier: MPL-2.0
#include <mioco/net/tcp_stream.hpp>

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <poll.h>

#include "io/wait_ready.hpp"
#include "net/adopt.hpp"
#include "net/result.hpp"

namespace mioco::net {

namespace {

// Until the connection stands or has failed. A wake-up alone proves nothing: poll(2) is asked.
int wait_for_connection(detail::fd_object& fd) {
    const ssize_t ready = detail::attempt_or_wait(
        fd, detail::side::write,
        [](detail::driver& io, int number, detail::worker*) -> ssize_t {
            const int events = io.ready_now(number, POLLOUT);
            return events == 0 ? -EAGAIN : events;
        },
        [](ssize_t) { return false; });
    if (ready < 0) return static_cast<int>(ready);
    int error = 0;
    socklen_t size = sizeof error;
    const int number = fd.number.load(std::memory_order_relaxed);
    const int failure =
        detail::current_driver().get_option(number, SOL_SOCKET, SO_ERROR, &error, &size);
    return failure < 0 ? failure : -error;
}

int start_connecting(detail::fd_ref& made, const endpoint& peer) {
    // Also for one that fails at once, so that who tries again and again starves nobody.
    if (detail::fiber* const self = detail::current_fiber()) {
        detail::spend(*self);
        if (detail::is_fiber_cancelled(*self)) return -ECANCELED;
    }
    detail::driver& io = detail::current_driver();
    const int number = io.open_socket(peer.family(), SOCK_STREAM);
    if (number < 0) return number;
    made = detail::fd_ref(detail::make_fd(number));
    int failure = io.connect(number, peer.data(), peer.size());
    // An interrupted connect goes on by itself, as one that is in progress does.
    if (failure == -EINPROGRESS || failure == -EINTR) failure = wait_for_connection(*made.get());
    return failure;
}

}  // namespace

tcp_stream tcp_stream::connect(const endpoint& peer, std::error_code& ec) {
    detail::fd_ref made;
    const int failure = start_connecting(made, peer);
    if (failure < 0) {
        ec = detail::code_of(failure);
        return {};
    }
    ec.clear();
    return {std::move(made), peer};
}

tcp_stream tcp_stream::connect(const endpoint& peer) {
    detail::fd_ref made;
    const int failure = start_connecting(made, peer);
    if (failure < 0) detail::throw_failure(failure, "connect to " + peer.to_string());
    return {std::move(made), peer};
}

tcp_stream tcp_stream::adopt_connected(int fd, std::error_code* ec) {
    if (detail::refuse_foreign(fd, detail::adopt_text(fd), ec)) return {};
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int failure =
        detail::current_driver().peer_name(fd, reinterpret_cast<sockaddr*>(&address), &size);
    if (failure < 0) {
        detail::report(failure, detail::adopt_text(fd) + ", which is no connected socket", ec);
        return {};
    }
    detail::fd_ref made = detail::adopt_socket(fd, SOCK_STREAM, detail::address_kind::internet, ec);
    if (made.get() == nullptr) return {};
    return {std::move(made), endpoint(reinterpret_cast<const sockaddr*>(&address), size)};
}

std::pair<read_half, write_half> tcp_stream::split() && {
    detail::fd_ref second = fd_.share();
    return {read_half(std::move(fd_), peer_), write_half(std::move(second), peer_)};
}

}  // namespace mioco::net
