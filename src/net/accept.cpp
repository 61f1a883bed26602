// SPDX-License-Identifier: MPL-2.0
#include "net/accept.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <mioco/detail/accept_arm.hpp>

#include "base/cure.hpp"
#include "io/wait_ready.hpp"
#include "time/pause.hpp"

namespace mioco::detail {

namespace {

// When there is nothing but to try again, as no event tells of the end: of a shortage, or of clients of whom each fails.
constexpr std::chrono::milliseconds first_pause(5);
constexpr std::chrono::milliseconds longest_pause = std::chrono::seconds(1);

// So many clients in a row that failed are no accident: a rule may refuse each of them, and for ever.
constexpr int most_passed_over = 64;

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

// Once a process for each of the two.
void warn_of(int failure) noexcept {
    static std::atomic<bool> warned[2];
    const bool of_shortage = is_shortage(failure);
    if (warned[of_shortage ? 1 : 0].exchange(true)) return;
    std::fprintf(stderr, "mioco: accept waits: %s%s; %s\n",
                 std::system_category().message(-failure).c_str(), cure_of(failure).c_str(),
                 of_shortage
                     ? "accept fewer at a time"
                     : "that was told of many clients in a row: is there a rule against them?");
}

// Whether what `accept_one` came to is to be waited out.
bool may_end_by_itself(int number) noexcept {
    return is_shortage(number) || concerns_one_client(number);
}

// Passes over clients that failed. Each attempt is one of wait_ready.hpp, so between two others run, and a close is seen.
template <class Attempt>
int accept_one(message_address& peer, Attempt attempt) {
    int number = 0;
    for (int passed_over = 0; passed_over < most_passed_over; ++passed_over) {
        number = static_cast<int>(attempt([&peer](driver& io, int listener, worker*) -> ssize_t {
            peer.size = sizeof peer.storage;
            return io.accept(listener, peer.data(), &peer.size);
        }));
        if (!concerns_one_client(number)) break;
    }
    return number;
}

}  // namespace

int accept_patiently(const fd_ref& fd, message_address& peer) {
    if (fd.get() == nullptr) return nothing_open();
    const keeping_fd until_done(*fd.get());
    growing_pause pause(first_pause, longest_pause);
    for (;;) {
        const int number = accept_one(peer, [&fd](auto attempt) {
            return attempt_or_wait(*fd.get(), side::read, attempt, [](ssize_t) { return false; });
        });
        if (!may_end_by_itself(number)) return number;
        warn_of(number);
        if (const int why = pause.sleep()) return why;
    }
}

int accept_at_once(const fd_ref& fd, message_address& peer) {
    return accept_one(peer,
                      [&fd](auto attempt) { return attempt_once(fd.get(), side::read, attempt); });
}

accept_arm::~accept_arm() {
    if (number_ >= 0) current_driver().close(number_);
}

void accept_arm::begin() noexcept {
    io_arm::begin();
    again_at_ = never;
    pause_ = {};
}

// A connection that another fiber was faster to accept is none. While it pauses, the other cases have their chance.
bool accept_arm::try_take() {
    if (is_pausing()) {
        if (deadline_at(now()) < again_at_) return false;
        io_arm::begin();
        again_at_ = never;
    }
    if (!io_arm::try_take()) return false;
    number_ = accept_at_once(descriptor(), peer_);
    if (number_ == -EAGAIN) return false;
    if (!may_end_by_itself(number_)) return true;
    warn_of(number_);
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
