// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include <sys/un.h>

#include "io/sim/unix_socket.hpp"
#include "io/sim/world.hpp"

// The names of Unix sockets: paths, which are files of their own, and abstract ones.

namespace mioco::detail::sim {

namespace {

constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);

// 0, or -EINVAL. Empty: no name was given.
int read_unix_name(const sockaddr* address, socklen_t size, std::string& name) {
    if (size < path_offset || size > sizeof(sockaddr_un) || address->sa_family != AF_UNIX)
        return -EINVAL;
    name.assign(reinterpret_cast<const char*>(address) + path_offset, size - path_offset);
    if (!name.empty() && name.front() != '\0') name.resize(std::strlen(name.c_str()));
    return 0;
}

socklen_t write_unix_name(const std::string& name, sockaddr_storage& into) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path);
    std::memcpy(&into, &address, sizeof address);
    const bool is_path = !name.empty() && name.front() != '\0';
    return static_cast<socklen_t>(path_offset + name.size() + (is_path ? 1 : 0));
}

}  // namespace

int unix_socket::bind(const sockaddr* address, socklen_t size) {
    std::string wanted;
    if (const int failure = read_unix_name(address, size, wanted); failure < 0) return failure;
    if (!name_.empty()) return -EINVAL;
    int failure = 0;
    if (wanted.empty()) {
        failure = take_free_name();
    } else if (wanted.front() != '\0') {
        failure = bind_path(wanted);
    } else {
        const bool taken = !in().net().at(host()).abstract_names.emplace(wanted, self()).second;
        if (taken) failure = -EADDRINUSE;
        if (!taken) name_ = wanted;
    }
    if (failure < 0) return failure;
    owns_name_ = true;
    note(act::bind, static_cast<std::int64_t>(name_.size()));
    return 0;
}

// Five digits, as the kernel's.
int unix_socket::take_free_name() {
    constexpr std::uint64_t names = 1 << 20;
    const std::uint64_t start = in().below(names);
    for (std::uint64_t i = 0; i < names; ++i) {
        char digits[8];
        std::snprintf(digits, sizeof digits, "%05x",
                      static_cast<unsigned>((start + i) % names) & 0xFFFFFU);
        std::string wanted(1, '\0');
        wanted += digits;
        if (in().net().at(host()).abstract_names.emplace(wanted, self()).second) {
            name_ = wanted;
            return 0;
        }
    }
    return -ENOSPC;
}

int unix_socket::bind_path(const std::string& path) {
    const int failure = in().net().at(host()).files.make_socket(path, self());
    if (failure < 0) return failure;
    name_ = path;
    return 0;
}

std::shared_ptr<unix_socket> unix_socket::find(const sockaddr* address, socklen_t size,
                                               int& failure) {
    std::string name;
    failure = read_unix_name(address, size, name);
    if (failure == 0 && name.empty()) failure = -EINVAL;
    if (failure < 0) return nullptr;
    sim::host& there = in().net().at(host());
    std::shared_ptr<unix_socket> found;
    if (name.front() == '\0') {
        const auto at = there.abstract_names.find(name);
        if (at != there.abstract_names.end()) found = at->second.lock();
    } else {
        file_tree::node at;
        failure = there.files.look_up(there.files.root(), name, true, at);
        if (failure < 0) return nullptr;
        found = at->bound.lock();
    }
    failure = -ECONNREFUSED;
    if (!found || found->gone_) return nullptr;
    failure = -EPROTOTYPE;
    return found->type() == type() ? found : nullptr;
}

socklen_t unix_socket::local_name(sockaddr_storage& name) const {
    return write_unix_name(name_, name);
}

int unix_socket::peer_name(sockaddr_storage& name) const {
    if (state_ != state::connected) return -ENOTCONN;
    const auto peer = peer_.lock();
    return static_cast<int>(write_unix_name(peer ? peer->name_ : peer_name_, name));
}

socklen_t unix_socket::accepted_name(sockaddr_storage& name) const {
    return write_unix_name(peer_name_, name);
}

// An unnamed sender has no address at all.
void unix_socket::tell_of(const packet& from, incoming& what) const {
    if (what.name != nullptr)
        what.name_size =
            from.sender_name.empty() ? 0 : write_unix_name(from.sender_name, *what.name);
    if (options().number(SOL_SOCKET, SO_PASSCRED) != 0)
        what.sender = ucred{static_cast<pid_t>(host() + 1), 1000, 1000};
}

}  // namespace mioco::detail::sim
