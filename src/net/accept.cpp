// SPDX-License-Identifier: MPL-2.0
#include "net/accept.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <mioco/detail/accept_arm.hpp>

#include "io/wait_ready.hpp"
#include "net/pause.hpp"

namespace mioco::detail {

namespace {

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

int accept_now(driver& io, int listener, message_address& peer) noexcept {
    int number = 0;
    do {
        peer.size = sizeof peer.storage;
        number = io.accept(listener, peer.data(), &peer.size);
    } while (concerns_one_client(number));
    return number;
}

}  // namespace

int accept_patiently(const fd_ref& fd, message_address& peer) {
    if (fd.get() == nullptr) return -EBADF;
    growing_pause pause(std::chrono::milliseconds(5), std::chrono::seconds(1));
    for (;;) {
        const auto number = static_cast<int>(attempt_or_wait(
            *fd.get(), side::read,
            [&](driver& io, int listener, worker*) -> ssize_t {
                return accept_now(io, listener, peer);
            },
            [](ssize_t) { return false; }));
        if (!is_shortage(number)) return number;
        warn_of_shortage(number);
        if (!pause.sleep()) return -ECANCELED;
    }
}

int accept_at_once(const fd_ref& fd, message_address& peer) {
    return static_cast<int>(
        attempt_once(fd.get(), side::read, [&](driver& io, int listener, worker*) -> ssize_t {
            return accept_now(io, listener, peer);
        }));
}

accept_arm::~accept_arm() {
    if (number_ >= 0) current_driver().close(number_);
}

// A connection that another fiber was faster to accept is none.
bool accept_arm::try_take() {
    if (!io_arm::try_take()) return false;
    number_ = accept_at_once(*listener_, peer_);
    return number_ != -EAGAIN;
}

int accept_arm::take_connection(message_address& peer) {
    if (is_shortage(number_)) number_ = accept_patiently(*listener_, peer_);
    peer = peer_;
    return std::exchange(number_, -1);
}

}  // namespace mioco::detail
