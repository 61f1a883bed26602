// SPDX-License-Identifier: MPL-2.0
#include <mioco/net/tcp_listener.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include <mioco/error.hpp>
#include <mioco/time.hpp>

#include "base/sys.hpp"
#include "io/wait_ready.hpp"
#include "net/adopt.hpp"
#include "net/result.hpp"

namespace mioco::net {

namespace {

struct accepted {
    int number;  // or a negative errno value
    endpoint peer;
};

accepted accept_now(detail::driver& io, int listener) noexcept {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int number = io.accept(listener, reinterpret_cast<sockaddr*>(&address), &size);
    if (number < 0) return {number, {}};
    return {number, endpoint(reinterpret_cast<const sockaddr*>(&address), size)};
}

// The client gave up before it was accepted, or its network failed: accept(2) reports that in place of the connection.
bool concerns_one_client(int failure) noexcept {
    switch (-failure) {
        case ECONNABORTED:
        case EPROTO:
        case ENETDOWN:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case EOPNOTSUPP:
        case ENETUNREACH:
        case EPERM:  // a firewall rule
            return true;
        default:
            return false;
    }
}

bool is_shortage(int failure) noexcept {
    return failure == -EMFILE || failure == -ENFILE || failure == -ENOBUFS || failure == -ENOMEM;
}

void warn_of_shortage(int failure) noexcept {
    static std::atomic<bool> warned{false};
    if (warned.exchange(true)) return;
    std::fprintf(stderr,
                 "mioco: accept waits: %s; raise the limit of open files (ulimit -n), or accept "
                 "fewer at a time\n",
                 std::system_category().message(-failure).c_str());
}

/// Grows from 5 ms to one second while a shortage lasts.
class pause_until_free {
public:
    /// False if the caller was cancelled meanwhile: how that is told depends on the form of accept.
    bool sleep() {
        try {
            sleep_for(next_);
        } catch (const fiber_cancelled&) {
            return false;
        }
        next_ = std::min(2 * next_, longest);
        return true;
    }

private:
    static constexpr std::chrono::milliseconds longest{1000};
    std::chrono::milliseconds next_{5};
};

accepted accept_patiently(detail::fd_object& fd) {
    pause_until_free pause;
    for (;;) {
        accepted result{};
        const ssize_t outcome = detail::attempt_or_wait(
            fd, detail::side::read,
            [&](detail::driver& io, int number, detail::worker*) -> ssize_t {
                do {
                    result = accept_now(io, number);
                } while (concerns_one_client(result.number));
                return result.number;
            },
            [](ssize_t) { return false; });
        if (!is_shortage(static_cast<int>(outcome)))
            return {static_cast<int>(outcome), result.peer};
        warn_of_shortage(static_cast<int>(outcome));
        if (!pause.sleep()) return {-ECANCELED, {}};
    }
}

int open_listener(detail::fd_ref& made, const endpoint& local, const listen_options& options) {
    detail::driver& io = detail::current_driver();
    const int number = io.open_socket(local.family(), SOCK_STREAM);
    if (number < 0) return number;
    made = detail::fd_ref(detail::make_fd(number));
    const auto set = [&](int name) {
        constexpr int on = 1;
        return io.set_option(number, SOL_SOCKET, name, &on, sizeof on);
    };
    int failure = options.reuse_address ? set(SO_REUSEADDR) : 0;
    if (failure == 0 && options.reuse_port) failure = set(SO_REUSEPORT);
    if (failure == 0) failure = io.bind(number, local.data(), local.size());
    if (failure == 0) failure = io.listen(number, options.backlog);
    return failure;
}

}  // namespace

tcp_listener tcp_listener::bind(const endpoint& local, const listen_options& options) {
    detail::fd_ref made;
    const int failure = open_listener(made, local, options);
    if (failure < 0) detail::throw_failure(failure, "listen on " + local.to_string());
    return tcp_listener(std::move(made));
}

tcp_listener tcp_listener::bind(const endpoint& local, const listen_options& options,
                                std::error_code& ec) {
    detail::fd_ref made;
    const int failure = open_listener(made, local, options);
    ec = failure < 0 ? detail::code_of(failure) : std::error_code();
    return failure < 0 ? tcp_listener() : tcp_listener(std::move(made));
}

tcp_listener tcp_listener::adopt(int fd) {
    int listening = 0;
    socklen_t size = sizeof listening;
    const int failure = detail::sys::get_option(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
    if (failure < 0 || listening == 0) {
        detail::throw_failure(
            failure < 0 ? failure : -EINVAL,
            "adopt of descriptor " + std::to_string(fd) + ", which does not listen");
    }
    return tcp_listener(detail::adopt_socket(fd));
}

tcp_stream tcp_listener::accept(std::error_code& ec) {
    accepted result{-EBADF, {}};
    if (fd_.get() != nullptr) result = accept_patiently(*fd_.get());
    ec = result.number < 0 ? detail::code_of(result.number) : std::error_code();
    return result.number < 0
               ? tcp_stream()
               : tcp_stream(detail::fd_ref(detail::make_fd(result.number)), result.peer);
}

tcp_stream tcp_listener::accept() {
    accepted result{-EBADF, {}};
    if (fd_.get() != nullptr) result = accept_patiently(*fd_.get());
    if (result.number < 0) detail::throw_failure(result.number, "accept");
    return {detail::fd_ref(detail::make_fd(result.number)), result.peer};
}

std::optional<tcp_stream> tcp_listener::try_accept() {
    accepted result{-EBADF, {}};
    const ssize_t outcome =
        detail::attempt_once(fd_.get(), detail::side::read,
                             [&](detail::driver& io, int number, detail::worker*) -> ssize_t {
                                 do {
                                     result = accept_now(io, number);
                                 } while (concerns_one_client(result.number));
                                 return result.number;
                             });
    if (outcome == -EAGAIN) return std::nullopt;
    if (outcome < 0) detail::throw_failure(static_cast<int>(outcome), "try_accept");
    return tcp_stream(detail::fd_ref(detail::make_fd(result.number)), result.peer);
}

}  // namespace mioco::net
