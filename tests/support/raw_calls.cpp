// SPDX-License-Identifier: MPL-2.0
#include "support/raw_calls.hpp"

#include <cerrno>
#include <system_error>

#include <poll.h>
#include <unistd.h>
#include <mioco/sim.hpp>

#include "io/driver.hpp"

namespace mioco_test::raw {

namespace {

using mioco::detail::current_driver;
using mioco::sim::is_simulated;

// A count, or a negative errno value as drivers return it.
long check(long result, const char* what) {
    if (result < 0)
        throw std::system_error(static_cast<int>(-result), std::system_category(), what);
    return result;
}

long from_system(long result) { return result < 0 ? -errno : result; }

// The simulated kernel's calls do not block.
void await_ready(int fd, short events) {
    pollfd entries[] = {{-1, 0, 0}, {fd, events, 0}};
    current_driver().poll(entries, -1);
}

template <class Attempt>
long until_done(int fd, short events, Attempt attempt) {
    for (;;) {
        const long result = attempt();
        if (result == -EAGAIN) await_ready(fd, events);
        if (result != -EAGAIN && result != -EINTR) return result;
    }
}

long open_call(int family) {
    constexpr int type = SOCK_STREAM;
    if (is_simulated()) return current_driver().open_socket(family, type);
    return from_system(::socket(family, type | SOCK_CLOEXEC, 0));
}

long connect_call(int fd, const sockaddr* server, socklen_t size) {
    if (!is_simulated()) return from_system(::connect(fd, server, size));
    const int begun = current_driver().connect(fd, server, size);
    if (begun != -EINPROGRESS && begun != -EINTR) return begun;
    await_ready(fd, POLLOUT);
    int error = 0;
    socklen_t error_size = sizeof error;
    current_driver().get_option(fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
    return -error;
}

}  // namespace

int connect(const sockaddr* server, socklen_t size) {
    const int fd = static_cast<int>(check(open_call(server->sa_family), "socket"));
    try {
        // So that a listener may have its port during the minute that the kernel remembers the connection.
        set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        check(connect_call(fd, server, size), "connect");
    } catch (...) {
        close(fd);
        throw;
    }
    return fd;
}

std::size_t send(int fd, std::span<const std::byte> from) {
    const auto attempt = [&]() -> long {
        if (is_simulated()) return current_driver().send(from, fd);
        return from_system(::send(fd, from.data(), from.size(), MSG_NOSIGNAL));
    };
    return static_cast<std::size_t>(check(until_done(fd, POLLOUT, attempt), "send"));
}

std::size_t receive(int fd, std::span<std::byte> into) {
    const auto attempt = [&]() -> long {
        if (is_simulated()) return current_driver().receive(into, fd);
        return from_system(::recv(fd, into.data(), into.size(), 0));
    };
    return static_cast<std::size_t>(check(until_done(fd, POLLIN, attempt), "recv"));
}

void finish(int fd) {
    check(is_simulated() ? current_driver().shutdown(fd, SHUT_WR)
                         : from_system(::shutdown(fd, SHUT_WR)),
          "shutdown");
}

void set_option(int fd, int level, int name, const void* value, socklen_t size) {
    check(is_simulated() ? current_driver().set_option(fd, level, name, value, size)
                         : from_system(::setsockopt(fd, level, name, value, size)),
          "setsockopt");
}

void local_name(int fd, sockaddr* address, socklen_t* size) {
    check(is_simulated() ? current_driver().local_name(fd, address, size)
                         : from_system(::getsockname(fd, address, size)),
          "getsockname");
}

void close(int fd) {
    if (is_simulated()) return current_driver().close(fd);
    ::close(fd);
}

}  // namespace mioco_test::raw
