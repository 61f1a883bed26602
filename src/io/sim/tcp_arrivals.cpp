// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <cerrno>

#include "io/sim/tcp_socket.hpp"
#include "io/sim/world.hpp"

// What the network does to an end of a connection.

namespace mioco::detail::sim {

std::shared_ptr<tcp_socket> tcp_socket::make_child(std::shared_ptr<connection> by) {
    auto child = std::make_shared<tcp_socket>(in(), host(), family());
    child->inherit_options(*this);
    child->state_ = state::asked;
    child->end_ = 1;
    child->set_peer(by->at(0).address);
    child->listener_ = std::static_pointer_cast<tcp_socket>(shared_from_this());
    child->put_at(by->at(1).address);
    child->connection_ = std::move(by);
    child->told_limit_ = child->window();
    return child;
}

bool tcp_socket::may_be_queued() const noexcept {
    const auto listener = listener_.lock();
    return !listener || !listener->is_listening() || listener->has_room_in_queue();
}

bool tcp_socket::waits_for_answer() const noexcept {
    return state_ == state::asking || state_ == state::asked || sent_ > acked_ ||
           (fin_sent_ && !fin_acked_);
}

void tcp_socket::take(segment& what) {
    switch (what.what) {
        case segment::kind::syn_ack:
            if (state_ != state::asking) return;
            state_ = state::connected;
            limit_ = what.limit;
            connection_->send(end_, {segment::kind::opened, 0, 0, told_limit_});
            return news();
        case segment::kind::opened:
            limit_ = what.limit;
            return take_opened();
        case segment::kind::data:
            return take_data(what);
        case segment::kind::ack:
            return take_ack(what);
        case segment::kind::fin:
            return take_fin();
        case segment::kind::reset:
            return take_reset();
        case segment::kind::syn:
            return;
    }
}

void tcp_socket::take_opened() {
    if (state_ != state::asked) return;
    const auto listener = listener_.lock();
    if (!listener || !listener->is_listening()) return abort();
    state_ = state::connected;
    listener->queue_.push_back(std::static_pointer_cast<tcp_socket>(shared_from_this()));
    listener->news();
}

void tcp_socket::take_data(segment& what) {
    if (closed_) return abort();
    arrived_ += what.bytes.size();
    received_.append(std::move(what.bytes));
    told_limit_ = std::max(told_limit_, window());
    connection_->send(end_, {segment::kind::ack, 0, arrived_, told_limit_});
    news();
}

// It counts as a byte more.
void tcp_socket::take_fin() {
    fin_came_ = true;
    no_more_in = true;
    connection_->send(end_, {segment::kind::ack, 0, arrived_ + 1, told_limit_});
    news();
}

void tcp_socket::take_ack(const segment& what) {
    const bool was_writable = is_writable();
    fin_acked_ = fin_acked_ || (fin_sent_ && what.acked > written_);
    acked_ = std::max(acked_, std::min(what.acked, written_));
    limit_ = std::max(limit_, what.limit);
    push_out();
    if (closed_) return end_when_all_is_sent();
    if (!was_writable && is_writable()) news();
}

void tcp_socket::take_reset() {
    if (state_ == state::asking) return fail(ECONNREFUSED);
    fail(fin_came_ && !fin_sent_ ? EPIPE : ECONNRESET);
}

void tcp_socket::time_out() { fail(ETIMEDOUT); }

void tcp_socket::fail(int error) {
    detach(connection::leaving::broken);
    set_error(error);
    state_ = state::over;
    no_more_in = no_more_out = true;
    unsent_.clear();
    if (closed_ || !chose_port()) give_up_port();
    news();
}

// The other end is told, and this one has nothing more to do with it.
void tcp_socket::abort() {
    if (connection_) connection_->send(end_, {segment::kind::reset});
    detach(connection::leaving::broken);
    state_ = state::over;
    no_more_in = no_more_out = true;
    unsent_.clear();
    give_up_port();
}

void tcp_socket::detach(connection::leaving how) noexcept {
    if (connection_) connection_->leave(end_, how);
    connection_.reset();
}

void tcp_socket::push_out() {
    constexpr std::size_t most_a_segment = 16'384;
    while (connection_ && !unsent_.empty() && sent_ < limit_) {
        const auto size = static_cast<std::size_t>(
            std::min<std::uint64_t>({unsent_.size(), limit_ - sent_, most_a_segment}));
        sent_ += size;
        connection_->send(end_, {segment::kind::data, 0, 0, 0, unsent_.pop(size)});
    }
    if (!fin_wanted_ || fin_sent_ || !unsent_.empty() || !connection_) return;
    fin_sent_ = true;
    connection_->send(end_, {segment::kind::fin});
}

// One that may be held up by what it knows is told soon; the others with what they send next.
void tcp_socket::tell_window() {
    if (!connection_ || fin_came_) return;
    const std::uint64_t room_left = told_limit_ - arrived_;
    const std::uint64_t gained = window() > told_limit_ ? window() - told_limit_ : 0;
    if (2 * room_left >= receive_room() || 4 * gained < receive_room()) return;
    told_limit_ = window();
    connection_->send(end_, {segment::kind::ack, 0, arrived_, told_limit_});
}

// Of a socket that was closed: the lane brings the rest by itself.
void tcp_socket::end_when_all_is_sent() {
    if (!fin_sent_) return;
    detach(connection::leaving::finished);
    state_ = state::over;
    give_up_port();
}

}  // namespace mioco::detail::sim
