// SPDX-License-Identifier: MPL-2.0
#include <mioco/detail/socket_io.hpp>

#include <cerrno>
#include <mutex>

#include <poll.h>

#include "io/wait_ready.hpp"
#include "net/result.hpp"
#include "net/stream_io.hpp"

// What is done with a socket beside reading and writing.

namespace mioco::detail {

void fd_ref::reset() noexcept {
    if (fd_object* const old = std::exchange(object_, nullptr)) drop_share(*old);
}

fd_ref fd_ref::share() const noexcept {
    if (object_ == nullptr) return {};
    add_share(*object_);
    return fd_ref(*object_);
}

int fd_native(const fd_ref& fd) noexcept {
    const fd_object* const object = fd.get();
    if (object == nullptr || object->is_closed()) return -1;
    return object->number.load(std::memory_order_relaxed);
}

namespace {

int shutdown_mode(net::direction which) noexcept {
    if (which == net::direction::both) return SHUT_RDWR;
    return which == net::direction::read ? SHUT_RD : SHUT_WR;
}

int set_keepalive(int fd, const net::keepalive_options& options) noexcept {
    driver& io = current_driver();
    const auto set = [&](int level, int name, int value) {
        return io.set_option(fd, level, name, &value, sizeof value);
    };
    int failure = set(SOL_SOCKET, SO_KEEPALIVE, options.enabled ? 1 : 0);
    if (failure == 0 && options.idle)
        failure = set(IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(options.idle->count()));
    if (failure == 0 && options.interval) {
        failure = set(IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(options.interval->count()));
    }
    if (failure == 0 && options.count) failure = set(IPPROTO_TCP, TCP_KEEPCNT, *options.count);
    return failure;
}

}  // namespace

int wait_until_ready(const fd_ref& fd, side which) {
    fd_object* const object = fd.get();
    if (object == nullptr) return nothing_open();
    const short events = which == side::read ? POLLIN | POLLRDHUP : POLLOUT;
    // An event may be old, so poll(2) has the last word.
    const ssize_t result = attempt_or_wait(
        *object, which,
        [&](driver& io, int number, worker*) -> ssize_t {
            const int ready = io.ready_now(number, events);
            return ready == 0 ? -EAGAIN : ready;
        },
        [](ssize_t) { return false; });
    if (result < 0) return static_cast<int>(result);
    return object->is_closed() ? -EBADF : 0;
}

void socket_wait(const fd_ref& fd, net::direction which, std::error_code* ec) {
    finish(wait_until_ready(fd, which == net::direction::read ? side::read : side::write),
           "wait for readiness", ec);
}

void socket_shutdown(const fd_ref& fd, net::direction which, std::error_code* ec) {
    finish(current_driver().shutdown(fd_native(fd), shutdown_mode(which)), "shutdown", ec);
}

void socket_end_writing(const fd_ref& fd) noexcept {
    current_driver().shutdown(fd_native(fd), SHUT_WR);
}

void socket_set_option(const fd_ref& fd, int level, int name, const void* value, socklen_t size,
                       std::error_code* ec) {
    finish(current_driver().set_option(fd_native(fd), level, name, value, size), "set_option", ec);
}

void socket_get_option(const fd_ref& fd, int level, int name, void* value, socklen_t size,
                       std::error_code* ec) {
    finish(current_driver().get_option(fd_native(fd), level, name, value, &size), "get_option", ec);
}

void socket_keepalive(const fd_ref& fd, const net::keepalive_options& options,
                      std::error_code* ec) {
    finish(set_keepalive(fd_native(fd), options), "keepalive", ec);
}

net::endpoint socket_local(const fd_ref& fd, std::error_code* ec) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int failure =
        current_driver().local_name(fd_native(fd), reinterpret_cast<sockaddr*>(&address), &size);
    report(failure, "local address", ec);
    if (failure < 0) return {};
    return {reinterpret_cast<const sockaddr*>(&address), size};
}

void fd_close(const fd_ref& fd) noexcept {
    if (fd.get() != nullptr) close_fd(*fd.get());
}

int fd_release(fd_ref& fd, std::error_code* ec) {
    const int number = fd.get() == nullptr ? -EBADF : release_fd(*fd.get());
    report(
        number,
        number == -EBUSY ? "release of a descriptor that a call uses or a half shares" : "release",
        ec);
    if (number < 0) return -1;
    fd.forget();
    return number;
}

}  // namespace mioco::detail
