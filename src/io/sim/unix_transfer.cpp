// SPDX-License-Identifier: MPL-2.0
#include <algorithm>
#include <cerrno>

#include "io/sim/unix_socket.hpp"
#include "io/sim/world.hpp"

// What Unix sockets send to each other.

namespace mioco::detail::sim {

namespace {

// What the kernel takes for its records of each part.
constexpr std::size_t part_record_bytes = 768;

}  // namespace

ssize_t unix_socket::send(outgoing& what) {
    if (is_datagram()) return send_datagram(what);
    if (state_ != state::connected) {
        const bool named = what.name_size > 0 && type() == SOCK_STREAM;
        return named ? -EOPNOTSUPP : -ENOTCONN;
    }
    if (what.name_size > 0 && type() == SOCK_STREAM) return -EISCONN;
    if (no_more_out) return -EPIPE;
    if (type() == SOCK_STREAM) return send_stream(what);
    const auto peer = peer_.lock();
    if (!peer) return -EPIPE;
    return send_message(what, *peer);
}

// In parts, each of which has to have room.
ssize_t unix_socket::send_stream(outgoing& what) {
    constexpr std::size_t most_a_part = 32'768;
    const auto peer = peer_.lock();
    std::size_t done = 0;
    while (done < what.most) {
        if (has_error() && done == 0) return take_error();
        if (!peer || peer->no_more_in) return done > 0 ? static_cast<ssize_t>(done) : -EPIPE;
        if (used_ >= send_room()) return done > 0 ? static_cast<ssize_t>(done) : -EAGAIN;
        const std::size_t size = std::min({what.most - done, send_room() / 2 - 64, most_a_part});
        std::vector<std::byte> bytes;
        done += what.from.take(bytes, size);
        // The first part has the descriptors.
        put(*peer, std::move(bytes), std::exchange(what.files, {}));
    }
    return static_cast<ssize_t>(done);
}

ssize_t unix_socket::send_message(outgoing& what, unix_socket& to) {
    if (what.most > send_room() - 32) return -EMSGSIZE;
    if (has_error()) return take_error();
    if (no_more_out) return -EPIPE;
    if (used_ >= send_room()) return -EAGAIN;
    if (to.no_more_in) return -EPIPE;
    if (is_datagram() && &to != this && to.is_full_for(*this)) return -EAGAIN;
    std::vector<std::byte> bytes;
    const std::size_t count = what.from.take(bytes, what.most);
    put(to, std::move(bytes), std::exchange(what.files, {}));
    return static_cast<ssize_t>(count);
}

ssize_t unix_socket::send_datagram(outgoing& what) {
    std::shared_ptr<unix_socket> to;
    if (what.name != nullptr && what.name_size > 0) {
        int failure = 0;
        to = find(what.name, what.name_size, failure);
        if (!to) return failure;
    } else {
        if (state_ != state::connected) return -ENOTCONN;
        to = peer_.lock();
        if (!to || to->gone_) {
            disconnect();
            return -ECONNREFUSED;
        }
    }
    const auto others = to->peer_.lock();
    if (others && others.get() != this) return -EPERM;
    return send_message(what, *to);
}

void unix_socket::put(unix_socket& to, std::vector<std::byte> bytes, std::vector<file_ref> files) {
    in().note_content(bytes);
    const std::size_t charge = bytes.size() + part_record_bytes;
    used_ += charge;
    to.queue_.push({std::move(bytes), 0, std::move(files), self(), name_, charge});
    to.news();
}

ssize_t unix_socket::receive(incoming& what) {
    if (keeps_bounds()) {
        if (type() == SOCK_SEQPACKET && state_ != state::connected) return -ENOTCONN;
        return receive_message(what);
    }
    if (state_ != state::connected) return -EINVAL;
    return receive_stream(what);
}

ssize_t unix_socket::receive_message(incoming& what) {
    if (has_error()) return take_error();
    if (queue_.empty()) return type() == SOCK_SEQPACKET && no_more_in ? 0 : -EAGAIN;
    packet& first = queue_.front();
    tell_of(first, what);
    const std::size_t count = what.into.put(first.bytes);
    what.truncated = count < first.bytes.size();
    what.files = std::exchange(first.files, {});
    in().note_content(first.bytes);
    drop_first();
    return static_cast<ssize_t>(count);
}

// A read ends behind what descriptors came with, though there may be more.
ssize_t unix_socket::receive_stream(incoming& what) {
    if (queue_.empty()) {
        if (has_error()) return take_error();
        return no_more_in ? 0 : -EAGAIN;
    }
    tell_of(queue_.front(), what);
    std::size_t done = 0;
    while (done < what.most && !queue_.empty()) {
        packet& first = queue_.front();
        const auto bytes = std::span(first.bytes)
                               .subspan(first.taken)
                               .first(std::min(what.most - done, first.bytes.size() - first.taken));
        in().note_content(bytes);
        const std::size_t count = what.into.put(bytes);
        done += count;
        first.taken += count;
        const bool had_files = !first.files.empty();
        if (had_files) what.files = std::exchange(first.files, {});
        if (first.taken == first.bytes.size()) drop_first();
        if (had_files) break;
    }
    return static_cast<ssize_t>(done);
}

void unix_socket::drop_first() {
    const bool was_full = queue_.size() > 10;
    const packet gone = queue_.pop();
    if (const auto sender = gone.sender.lock()) sender->give_back(gone.charge);
    if (is_datagram() && was_full) wake_followers();
}

void unix_socket::give_back(std::size_t charge) {
    const bool was_writable = is_writable();
    used_ -= charge;
    if (!was_writable && is_writable()) news();
}

}  // namespace mioco::detail::sim
