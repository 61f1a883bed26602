// SPDX-License-Identifier: MPL-2.0
#include "net/connect.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <optional>
#include <system_error>
#include <utility>

#include <poll.h>

#include <mioco/detail/io_arm.hpp>
#include <mioco/error.hpp>
#include <mioco/timer.hpp>

#include "io/wait_ready.hpp"
#include "net/result.hpp"

namespace mioco::detail {

namespace {

constexpr std::chrono::milliseconds until_next_attempt(250);

int begin_connecting(fd_ref& made, const net::endpoint& peer) {
    // Also for one that fails at once, so that who tries again and again starves nobody.
    if (fiber* const self = current_fiber()) {
        spend(*self);
        if (const int why = interruption(*self)) return why;
    }
    driver& io = current_driver();
    const int number = io.open_socket(peer.family(), SOCK_STREAM);
    if (number < 0) return number;
    made = fd_ref(make_fd(number));
    const int failure = io.connect(number, peer.data(), peer.size());
    // An interrupted connect goes on by itself, as one that is in progress does.
    return failure == -EINTR ? -EINPROGRESS : failure;
}

int end_connecting(const fd_ref& made) {
    int error = 0;
    socklen_t size = sizeof error;
    const int number = made.get()->number.load(std::memory_order_relaxed);
    const int failure = current_driver().get_option(number, SOL_SOCKET, SO_ERROR, &error, &size);
    return failure < 0 ? failure : -error;
}

// Until the connection stands or has failed. A wake-up alone proves nothing: poll(2) is asked.
int wait_for_connection(const fd_ref& made) {
    const ssize_t ready = attempt_or_wait(
        *made.get(), side::write,
        [](driver& io, int number, worker*) -> ssize_t {
            const int events = io.ready_now(number, POLLOUT);
            return events == 0 ? -EAGAIN : events;
        },
        [](ssize_t) { return false; });
    return ready < 0 ? static_cast<int>(ready) : end_connecting(made);
}

connected_socket connect_to_one(const net::endpoint& peer) {
    connected_socket made{{}, peer};
    made.failure = begin_connecting(made.fd, peer);
    if (made.failure == -EINPROGRESS) made.failure = wait_for_connection(made.fd);
    return made;
}

// That of the first comes first.
std::vector<net::endpoint> in_turns(const std::vector<net::endpoint>& all) {
    std::vector<net::endpoint> made;
    std::vector<net::endpoint> others;
    for (const net::endpoint& each : all)
        (each.family() == all.front().family() ? made : others).push_back(each);
    for (std::size_t i = 0; i < others.size(); ++i)
        made.insert(made.begin() + static_cast<std::ptrdiff_t>(std::min(2 * i + 1, made.size())),
                    others[i]);
    return made;
}

// Of this host, rather than of one that was asked.
bool concerns_own_side(int failure) noexcept {
    return failure == -ENETUNREACH || failure == -EAFNOSUPPORT || failure == -EADDRNOTAVAIL;
}

/// Attempts to connect to several addresses, of which the first that succeeds wins.
class race {
public:
    race(std::vector<net::endpoint> peers, nanoseconds_t deadline)
        : peers_(std::move(peers)), deadline_(deadline) {}

    connected_socket run() {
        int result = -EINPROGRESS;
        try {
            while (result == -EINPROGRESS) result = go_on();
        } catch (const fiber_cancelled&) {
            result = -ECANCELED;
        } catch (const std::system_error& e) {
            // Or a plain thread has nothing to wait with, or a worker cannot watch any more.
            const int why = caller_interruption();
            const int error = e.code().value();
            result = why != 0 ? why : error == ENOSPC ? too_many_watched : -error;
        }
        if (result == 0) return {std::move(winner_->fd), winner_->peer};
        return {{}, {}, result, peers_.size() > 1 ? describe() : ""};
    }

private:
    struct attempt {
        net::endpoint peer;
        fd_ref fd;
        int failure = -EINPROGRESS;
        std::optional<io_arm> arm;  // while it is under way
    };

    // -EINPROGRESS: there is more to come.
    int go_on() {
        const bool may_begin = attempts_.size() < peers_.size();
        if (may_begin && (under_way_ == 0 || deadline_at(now()) >= next_at_)) return begin();
        return under_way_ == 0 ? failure_
                               : wait(may_begin ? std::min(next_at_, deadline_) : deadline_);
    }

    int begin() {
        attempt& made = attempts_.emplace_back(peers_[attempts_.size()]);
        const int result = begin_connecting(made.fd, made.peer);
        next_at_ = deadline_in(until_next_attempt);
        if (result != -EINPROGRESS) return end(made, result);
        ++under_way_;
        made.arm.emplace(made.fd, io_ways::writing);
        return result;
    }

    // Until an attempt has ended, or the time has come.
    int wait(nanoseconds_t until) {
        time_arm timer(time_case{until});
        std::vector<select_arm*> arms;
        std::vector<attempt*> whose;
        for (attempt& each : attempts_) {
            if (!each.arm) continue;
            each.arm->begin();
            arms.push_back(&*each.arm);
            whose.push_back(&each);
        }
        arms.push_back(&timer);
        const std::size_t first = select_one(arms, begin_operation(wait_reason::select), 0);
        if (first == whose.size())
            return deadline_at(now()) >= deadline_ ? -ETIMEDOUT : -EINPROGRESS;
        attempt& ended = *whose[first];
        ended.arm.reset();
        --under_way_;
        return end(ended, end_connecting(ended.fd));
    }

    int end(attempt& ended, int result) {
        ended.failure = result;
        if (result == 0) winner_ = &ended;
        if (result == 0 || is_interruption(result)) return result;
        ended.fd.reset();
        next_at_ = 0;
        // What a host has answered tells more.
        if (failure_ == 0 || !concerns_own_side(result) || concerns_own_side(failure_))
            failure_ = result;
        return -EINPROGRESS;
    }

    [[nodiscard]] std::string describe() const {
        std::string text;
        for (const attempt& each : attempts_) {
            text += text.empty() ? "" : ", ";
            text += each.peer.to_string() + ' ';
            text +=
                each.failure == -EINPROGRESS ? "has not answered" : code_of(each.failure).message();
        }
        return text;
    }

    const std::vector<net::endpoint> peers_;
    const nanoseconds_t deadline_;
    std::deque<attempt> attempts_;  // of the first addresses
    std::size_t under_way_ = 0;
    nanoseconds_t next_at_ = 0;
    int failure_ = 0;
    attempt* winner_ = nullptr;
};

}  // namespace

connected_socket connect_to(std::vector<net::endpoint> peers, nanoseconds_t deadline) {
    if (peers.size() == 1 && deadline == never) return connect_to_one(peers.front());
    return race(in_turns(peers), deadline).run();
}

}  // namespace mioco::detail
