// SPDX-License-Identifier: MPL-2.0
#include "support/sockets.hpp"

#include <span>
#include <utility>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include "support/anywhere.hpp"
#include "support/raw_calls.hpp"

namespace mioco_test {

stream_pair connected_pair() {
    auto listener = mioco::net::tcp_listener::bind("127.0.0.1:0");
    auto near = mioco::net::tcp_stream::connect(listener.local());
    // So that a listener may have its port during the minute that the kernel remembers the connection.
    near.set_option(mioco::net::option::reuse_address{true});
    return {std::move(near), listener.accept()};
}

stream_pair narrow_pair() {
    stream_pair made = connected_pair();
    for (auto* const each : {&made.near, &made.far}) {
        each->set_option(mioco::net::option::send_buffer{32 * 1024});
        // Smaller than a packet of the loopback device, it would make the sender probe for room five times a second.
        each->set_option(mioco::net::option::receive_buffer{128 * 1024});
    }
    return made;
}

raw_client::raw_client(const mioco::net::endpoint& server)
    : fd_(raw::connect(server.data(), server.size())) {}

raw_client::raw_client(raw_client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

raw_client& raw_client::operator=(raw_client&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

raw_client::~raw_client() { close(); }

void raw_client::send(std::string_view text) {
    while (!text.empty()) text.remove_prefix(raw::send(fd_, std::as_bytes(std::span(text))));
}

std::string raw_client::receive(std::size_t count) {
    std::string text(count, '\0');
    std::size_t done = 0;
    while (done < count) {
        const std::size_t more =
            raw::receive(fd_, std::as_writable_bytes(std::span(text).subspan(done)));
        if (more == 0) break;
        done += more;
    }
    text.resize(done);
    return text;
}

void raw_client::finish() { raw::finish(fd_); }

void raw_client::send_and_finish(std::string_view text) {
    raw::set_option(fd_, IPPROTO_TCP, TCP_CORK, 1);
    send(text);
    finish();
}

void raw_client::reset() {
    raw::set_option(fd_, SOL_SOCKET, SO_LINGER, linger{1, 0});
    close();
}

void raw_client::close() {
    if (fd_ >= 0) raw::close(std::exchange(fd_, -1));
}

mioco::net::endpoint raw_client::local() const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    raw::local_name(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    return {reinterpret_cast<const sockaddr*>(&address), size};
}

int raw_client::release() { return std::exchange(fd_, -1); }

namespace {

template <class Predicate>
bool is_true_of(int descriptor, mioco::detail::side which, Predicate predicate) {
    bool found = false;
    mioco::detail::all_fds.for_each([&](mioco::detail::fd_object& fd) {
        found = found || (fd.number.load() == descriptor && predicate(fd[which]));
    });
    return found;
}

}  // namespace

bool somebody_waits(int descriptor, mioco::detail::side which) {
    return is_true_of(descriptor, which,
                      [](const mioco::detail::fd_side& side) { return side.slot().is_occupied(); });
}

void until_somebody_queues(int descriptor, mioco::detail::side which) {
    const auto has_queue = [](const mioco::detail::fd_side& side) { return side.has_queue(); };
    wait_for([&] { return is_true_of(descriptor, which, has_queue); });
}

void until_somebody_waits(int descriptor, mioco::detail::side which) {
    wait_for([&] { return somebody_waits(descriptor, which); });
}

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 1;
    for (char& each : text) {
        state = state * 1664525U + 1013904223U;
        each = static_cast<char>(state >> 24);
    }
    return text;
}

}  // namespace mioco_test
