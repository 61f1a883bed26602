// SPDX-License-Identifier: MPL-2.0
#include "net/accept.hpp"

#include <algorithm>
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

// When there is a shortage, whose end no event tells.
constexpr std::chrono::milliseconds first_pause(5);
constexpr std::chrono::milliseconds longest_pause = std::chrono::seconds(1);

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
    growing_pause pause(first_pause, longest_pause);
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

void accept_arm::begin() noexcept {
    io_arm::begin();
    again_at_ = never;
    pause_ = {};
}

// A connection that another fiber was faster to accept is none. When there is a shortage, the other cases have their chance.
bool accept_arm::try_take() {
    if (is_pausing()) {
        if (deadline_at(now()) < again_at_) return false;
        io_arm::begin();
        again_at_ = never;
    }
    if (!io_arm::try_take()) return false;
    number_ = accept_at_once(*listener_, peer_);
    if (number_ == -EAGAIN) return false;
    if (!is_shortage(number_)) return true;
    warn_of_shortage(number_);
    pause_ = std::clamp(2 * pause_, first_pause, longest_pause);
    again_at_ = deadline_in(pause_);
    return false;
}

// While it pauses it waits for the time alone: the listener stays ready.
bool accept_arm::arm(const select_waiter& who) noexcept { return is_pausing() || io_arm::arm(who); }

void accept_arm::disarm(const select_waiter& who) noexcept {
    if (!is_pausing()) io_arm::disarm(who);
}

bool accept_arm::poll_entry(pollfd& entry) const noexcept {
    return !is_pausing() && io_arm::poll_entry(entry);
}

int accept_arm::take_connection(message_address& peer) {
    peer = peer_;
    return std::exchange(number_, -1);
}

}  // namespace mioco::detail
