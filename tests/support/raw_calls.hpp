// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <span>

#include <sys/socket.h>

// Plain blocking calls on sockets, to the kernel of the world that a test runs in: that of the system, past the library, or a simulated
// one. Each throws std::system_error.

namespace mioco_test::raw {

/// A stream that is connected.
int connect(const sockaddr* server, socklen_t size);
std::size_t send(int fd, std::span<const std::byte> from);
/// 0: the end.
std::size_t receive(int fd, std::span<std::byte> into);
void finish(int fd);
void set_option(int fd, int level, int name, const void* value, socklen_t size);
void local_name(int fd, sockaddr* address, socklen_t* size);
void close(int fd);

template <class Value>
void set_option(int fd, int level, int name, const Value& value) {
    set_option(fd, level, name, &value, sizeof value);
}

}  // namespace mioco_test::raw
