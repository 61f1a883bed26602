// SPDX-License-Identifier: MPL-2.0
#include <mioco/detail/unix_socket.hpp>

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>

#include <mioco/detail/io_result.hpp>

#include "fiber/parking.hpp"
#include "io/driver.hpp"
#include "io/fd.hpp"
#include "net/accept.hpp"
#include "net/adopt.hpp"
#include "net/result.hpp"
#include "time/pause.hpp"

namespace mioco::detail {

namespace {

fd_ref counted(int number, int type) {
    fd_ref made(make_fd(number));
    if (type == SOCK_STREAM) expect_parts(made);
    return made;
}

// A socket file whose socket is gone. One at which somebody listens, with whatever type, is none.
bool is_stale(driver& io, const net::unix_endpoint& address, int type) {
    struct stat status{};
    const std::string path(address.path());
    if (io.file_status(path.c_str(), status) < 0 || !S_ISSOCK(status.st_mode)) return false;
    const int probe = io.open_socket(AF_UNIX, type);
    if (probe < 0) return false;
    const int answer = io.connect(probe, address.data(), address.size());
    io.close(probe);
    return answer == -ECONNREFUSED;
}

int bind_to(bound_socket& made, const net::unix_endpoint& local, int type,
            const net::unix_bind_options& options) {
    driver& io = current_driver();
    const int number = io.open_socket(AF_UNIX, type);
    if (number < 0) return number;
    made.fd = fd_ref(make_fd(number));
    int failure = io.bind(number, local.data(), local.size());
    if (failure == -EADDRINUSE && options.remove_stale && local.is_path() &&
        is_stale(io, local, type)) {
        io.remove_file(std::string(local.path()).c_str());
        failure = io.bind(number, local.data(), local.size());
    }
    if (failure == 0 && options.remove_on_close && local.is_path())
        made.file = socket_file(std::string(local.path()));
    return failure;
}

int connect_now(const fd_ref& fd, const net::unix_endpoint& peer) noexcept {
    return current_driver().connect(fd_native(fd), peer.data(), peer.size());
}

// A listener whose backlog is full is no event: so there is nothing but to try again now and then.
int connect_patiently(const fd_ref& fd, const net::unix_endpoint& peer) {
    growing_pause pause(std::chrono::milliseconds(1), std::chrono::milliseconds(50));
    for (;;) {
        fiber* const self = current_fiber();
        if (const int why = caller_interruption())
            return self == nullptr ? why : static_cast<int>(spend_for(*self, why));
        const int failure = connect_now(fd, peer);
        if (failure != -EAGAIN && failure != -EINTR) {
            return self == nullptr ? failure : static_cast<int>(spend_for(*self, failure));
        }
        if (const int why = pause.sleep()) return why;
    }
}

// A socket file stays when its socket has gone, and is in the way of the next one.
std::optional<std::string> bind_cure(int failure, const net::unix_endpoint& local) {
    if (failure != -EADDRINUSE) return std::nullopt;
    return local.is_path()
               ? " (choose another path, or remove the file if nobody uses it; the option "
                 "remove_stale does so)"
               : " (another socket has that name: choose another)";
}

using name_call = int (driver::*)(int, sockaddr*, socklen_t*);

net::unix_endpoint name_of(const fd_ref& fd, name_call call, const char* what,
                           std::error_code* ec) {
    message_address address;
    address.size = sizeof address.storage;
    const int failure = (current_driver().*call)(fd_native(fd), address.data(), &address.size);
    report(failure, what, ec);
    if (failure < 0) return {};
    return {address.data(), address.size};
}

}  // namespace

socket_file::socket_file(std::string path) : path_(std::move(path)) {
    struct stat status{};
    if (current_driver().file_status(path_.c_str(), status) < 0) path_.clear();
    device_ = status.st_dev;
    number_ = status.st_ino;
}

void socket_file::remove() const noexcept {
    if (path_.empty() || is_over_.exchange(true, std::memory_order_relaxed)) return;
    driver& io = current_driver();
    struct stat status{};
    if (io.file_status(path_.c_str(), status) == 0 && status.st_dev == device_ &&
        status.st_ino == number_)
        io.remove_file(path_.c_str());
}

bound_socket unix_bind(const net::unix_endpoint& local, int type,
                       const net::unix_bind_options& options, std::error_code* ec) {
    bound_socket made;
    const int failure = bind_to(made, local, type, options);
    report(failure, "bind to " + local.to_string(), ec, bind_cure(failure, local));
    return failure < 0 ? bound_socket() : std::move(made);
}

bound_socket unix_listen(const net::unix_endpoint& local, int type,
                         const net::unix_listen_options& options, std::error_code* ec) {
    bound_socket made;
    int failure = bind_to(made, local, type, {options.remove_stale, options.remove_on_close});
    if (failure == 0) failure = current_driver().listen(fd_native(made.fd), options.backlog);
    report(failure, "listen on " + local.to_string(), ec, bind_cure(failure, local));
    return failure < 0 ? bound_socket() : std::move(made);
}

fd_ref unix_open(int type, std::error_code* ec) {
    const int number = current_driver().open_socket(AF_UNIX, type);
    report(number, "a new Unix socket", ec);
    return number < 0 ? fd_ref() : counted(number, type);
}

fd_ref unix_connect(const net::unix_endpoint& peer, int type, std::error_code* ec) {
    fd_ref made = unix_open(type, ec);
    if (made.get() == nullptr) return made;
    const int failure = connect_patiently(made, peer);
    if (failure < 0) made.reset();
    report(failure, "connect to " + peer.to_string(), ec);
    return made;
}

void unix_set_peer(const fd_ref& fd, const net::unix_endpoint& peer, std::error_code* ec) {
    report(connect_now(fd, peer), "connect to " + peer.to_string(), ec);
}

std::pair<fd_ref, fd_ref> unix_pair(int type, std::error_code* ec) {
    int ends[2];
    const int failure = current_driver().open_socket_pair(AF_UNIX, type, ends);
    report(failure, "a pair of Unix sockets", ec);
    if (failure < 0) return {};
    auto made = make_fd_pair(ends);
    if (type == SOCK_STREAM) {
        expect_parts(made.first);
        expect_parts(made.second);
    }
    return made;
}

fd_ref unix_adopt(int fd, int type, std::error_code* ec) {
    fd_ref made = adopt_socket(fd, type, address_kind::local, ec);
    if (made.get() != nullptr && type == SOCK_STREAM) expect_parts(made);
    return made;
}

fd_ref unix_adopt_connected(int fd, int type, net::unix_endpoint& peer, std::error_code* ec) {
    if (refuse_foreign(fd, adopt_text(fd), ec)) return {};
    message_address address;
    address.size = sizeof address.storage;
    const int failure = current_driver().peer_name(fd, address.data(), &address.size);
    if (failure < 0) {
        report(failure, adopt_text(fd) + ", which is no connected socket", ec);
        return {};
    }
    fd_ref made = unix_adopt(fd, type, ec);
    if (made.get() != nullptr) peer = net::unix_endpoint(address.data(), address.size);
    return made;
}

fd_ref unix_adopt_listener(int fd, int type, std::error_code* ec) {
    if (refuse_foreign(fd, adopt_text(fd), ec)) return {};
    int listening = 0;
    socklen_t size = sizeof listening;
    const int failure =
        current_driver().get_option(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
    if (failure < 0 || listening == 0) {
        report(failure < 0 ? failure : -EINVAL, adopt_text(fd) + ", which does not listen", ec);
        return {};
    }
    return adopt_socket(fd, type, address_kind::local, ec);
}

int unix_release(fd_ref& fd, socket_file& file, std::error_code* ec) {
    const int number = fd_release(fd, ec);
    if (number >= 0) file.forget();
    return number;
}

unix_accepted unix_accept(const fd_ref& listener, int type, std::error_code* ec) {
    message_address peer;
    const int number = accept_patiently(listener, peer);
    report(number, "accept", ec);
    return number < 0 ? unix_accepted() : unix_accepted_as(number, peer, type);
}

unix_accepted unix_accepted_as(int number, message_address& peer, int type) {
    if (number < 0) throw_failure(number, "accept");
    return {counted(number, type), net::unix_endpoint(peer.data(), peer.size)};
}

unix_accepted unix_try_accept(const fd_ref& listener, int type, std::error_code* ec) {
    message_address peer;
    const int number = accept_at_once(listener, peer);
    report(number == -EAGAIN ? 0 : number, "try_accept", ec);
    return number < 0 ? unix_accepted() : unix_accepted_as(number, peer, type);
}

net::unix_endpoint unix_local(const fd_ref& fd, std::error_code* ec) {
    return name_of(fd, &driver::local_name, "local address", ec);
}

net::unix_endpoint unix_peer(const fd_ref& fd, std::error_code* ec) {
    return name_of(fd, &driver::peer_name, "peer address", ec);
}

}  // namespace mioco::detail
