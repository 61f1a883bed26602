// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "io/fd.hpp"
#include "io/sim/sim_poller.hpp"
#include "io/sim/world.hpp"
#include "support/sim_kernel.hpp"

// A simulated kernel without a scheduler: the test makes the calls, and says on which host and what time it is.

namespace mioco_test {

namespace sim = mioco::detail::sim;

/// While somebody waits nobody else runs, so the time goes on to what happens next.
class turns_by_hand final : public sim::turns {
public:
    void pass(sim::sim_poller& caller, mioco::detail::nanoseconds_t deadline) noexcept override {
        ++passes;
        while (!caller.has_news() && in->now() < deadline) {
            const auto next = std::min(in->next_delivery(), deadline);
            if (next == mioco::detail::never) return;
            in->advance_to(next);
            in->run_due();
        }
    }
    void woken(sim::sim_poller&) noexcept override { ++wakes; }
    sim::host_id current_host() noexcept override { return host; }

    sim::world* in = nullptr;
    sim::host_id host = 0;
    int passes = 0;
    int wakes = 0;
};

/// Without what nobody asked for.
inline sim::settings calm() {
    sim::settings made;
    made.faults.spurious_event = 0;
    made.time_of_look = std::chrono::nanoseconds(0);
    return made;
}

/// Two hosts, "a" and "b".
inline sim::settings calm_pair() {
    sim::settings made = calm();
    made.hosts = {"a", "b"};
    return made;
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

struct sim_bench {
    explicit sim_bench(const sim::settings& wanted = calm())
        : in(wanted, turns), io(in), events(io.make_poller(this)) {
        turns.in = &in;
    }

    void go_to(std::string_view host) { turns.host = in.host(host); }
    sim::sim_poller& poller() const { return static_cast<sim::sim_poller&>(*events); }

    // Time
    void pass(std::chrono::nanoseconds time) {
        const auto until = in.now() + time.count();
        while (in.next_delivery() <= until) {
            in.advance_to(in.next_delivery());
            in.run_due();
        }
        in.advance_to(until);
    }
    /// Until nothing is under way any more.
    void settle() {
        while (in.next_delivery() != mioco::detail::never) {
            in.advance_to(in.next_delivery());
            in.run_due();
        }
    }

    // Addresses
    static sockaddr_in v4(const char* ip, std::uint16_t port) {
        sockaddr_in made{};
        made.sin_family = AF_INET;
        made.sin_port = htons(port);
        EXPECT_EQ(inet_pton(AF_INET, ip, &made.sin_addr), 1);
        return made;
    }
    static sockaddr_in6 v6(const char* ip, std::uint16_t port) {
        sockaddr_in6 made{};
        made.sin6_family = AF_INET6;
        made.sin6_port = htons(port);
        EXPECT_EQ(inet_pton(AF_INET6, ip, &made.sin6_addr), 1);
        return made;
    }
    sockaddr_in at(std::string_view host, std::uint16_t port) {
        sockaddr_storage found;
        mioco::detail::sim::write_address({in.net().at(in.host(host)).v4, port}, AF_INET, found);
        sockaddr_in made;
        std::memcpy(&made, &found, sizeof made);
        return made;
    }
    template <class Address>
    static const sockaddr* raw(const Address& address) {
        return reinterpret_cast<const sockaddr*>(&address);
    }
    template <class Address>
    int bind(int fd, const Address& address) {
        return io.bind(fd, raw(address), sizeof address);
    }
    template <class Address>
    int connect(int fd, const Address& address) {
        return io.connect(fd, raw(address), sizeof address);
    }
    int port_of(int fd) {
        sockaddr_in6 name{};
        socklen_t size = sizeof name;
        EXPECT_EQ(io.local_name(fd, reinterpret_cast<sockaddr*>(&name), &size), 0);
        return ntohs(name.sin6_port);
    }

    // Sockets
    int tcp(int family = AF_INET) { return io.open_socket(family, SOCK_STREAM); }
    int udp(int family = AF_INET) { return io.open_socket(family, SOCK_DGRAM); }
    int listening(std::uint16_t port, int backlog = 128) {
        const int fd = tcp();
        EXPECT_EQ(bind(fd, v4("0.0.0.0", port)), 0);
        EXPECT_EQ(io.listen(fd, backlog), 0);
        return fd;
    }
    int udp_at(std::uint16_t port) {
        const int fd = udp();
        EXPECT_EQ(bind(fd, v4("0.0.0.0", port)), 0);
        return fd;
    }
    int accept(int fd) { return io.accept(fd, nullptr, nullptr); }
    /// One that is there, though faults may say that it is not.
    int accept_surely(int fd) {
        int accepted = -EAGAIN;
        for (int i = 0; i < 1000 && (accepted == -EAGAIN || accepted == -EINTR); ++i)
            accepted = accept(fd);
        EXPECT_GE(accepted, 0);
        return accepted;
    }
    template <class Address>
    void begin_connecting(int fd, const Address& address) {
        const int result = connect(fd, address);
        EXPECT_TRUE(result == -EINPROGRESS || result == -EINTR) << result;
    }
    /// Connected over the loopback device of the host.
    std::pair<int, int> tcp_pair(std::uint16_t port = 80) {
        const int listener = listening(port);
        const int near = tcp();
        begin_connecting(near, v4("127.0.0.1", port));
        settle();
        const int far = accept_surely(listener);
        io.close(listener);
        return {near, far};
    }
    /// The first end on "a", the other on "b". Leaves the caller on "a".
    std::pair<int, int> pair_between_hosts(std::uint16_t port = 80) {
        go_to("b");
        const int listener = listening(port);
        go_to("a");
        const int near = tcp();
        begin_connecting(near, at("b", port));
        settle();
        go_to("b");
        const int far = accept_surely(listener);
        io.close(listener);
        go_to("a");
        return {near, far};
    }
    std::pair<int, int> unix_pair(int type) {
        int ends[2] = {-1, -1};
        EXPECT_EQ(io.open_socket_pair(AF_UNIX, type, ends), 0);
        return {ends[0], ends[1]};
    }
    std::pair<int, int> pipe() {
        int ends[2] = {-1, -1};
        EXPECT_EQ(io.open_pipe(ends), 0);
        return {ends[0], ends[1]};
    }

    // Transfers
    ssize_t send(int fd, std::string_view text) { return io.send(bytes_of(text), fd); }
    template <class Address>
    ssize_t send_to(int fd, std::string_view text, const Address& to) {
        iovec part{const_cast<char*>(text.data()), text.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_name = const_cast<sockaddr*>(raw(to));
        message.msg_namelen = sizeof to;
        return io.send_message(fd, message);
    }
    ssize_t receive(int fd, std::string& text, std::size_t most = 65'536) {
        text.resize(most);
        const ssize_t count = io.receive(std::as_writable_bytes(std::span(text)), fd);
        text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return count;
    }
    /// What comes, up to `most` bytes; fails if nothing does.
    std::string take(int fd, std::size_t most = 65'536) {
        std::string text;
        EXPECT_GE(receive(fd, text, most), 0) << "nothing to take";
        return text;
    }
    /// What a receive that fails returns, or the count.
    ssize_t try_take(int fd) {
        std::string text;
        return receive(fd, text);
    }
    /// Writes until there is no room.
    std::size_t fill(int fd, std::size_t block = 4096) {
        const std::string text(block, 'x');
        std::size_t total = 0;
        ssize_t count = 0;
        while ((count = send(fd, text)) > 0) total += static_cast<std::size_t>(count);
        EXPECT_EQ(count, -EAGAIN);
        return total;
    }
    ssize_t write(int fd, std::string_view text) { return io.write(bytes_of(text), fd); }
    std::string read(int fd, std::size_t most = 65'536) {
        std::string text(most, '\0');
        const ssize_t count = io.read(std::as_writable_bytes(std::span(text)), fd);
        EXPECT_GE(count, 0) << "nothing to read";
        text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return text;
    }
    ssize_t try_read(int fd) {
        std::byte buffer[16];
        return io.read(buffer, fd);
    }

    // Options
    int option(int fd, int level, int name) {
        int value = -1;
        socklen_t size = sizeof value;
        EXPECT_EQ(io.get_option(fd, level, name, &value, &size), 0);
        return value;
    }
    int set(int fd, int level, int name, int value) {
        return io.set_option(fd, level, name, &value, sizeof value);
    }
    int error_of(int fd) { return option(fd, SOL_SOCKET, SO_ERROR); }
    void break_on_close(int fd) {
        const linger at_once{1, 0};
        EXPECT_EQ(io.set_option(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    }
    bool is_ready(int fd, short events) { return (io.ready_now(fd, events) & events) == events; }

    turns_by_hand turns;
    sim::world in;
    sim_kernel io;
    std::unique_ptr<mioco::detail::poller> events;
};

/// A descriptor that a poller watches.
class watched_fd {
public:
    using side = mioco::detail::side;

    watched_fd(sim_bench& bench, int number)
        : bench_(bench), object_(*mioco::detail::new_fd_object(number)) {
        EXPECT_EQ(bench_.events->watch(object_), 0);
    }
    ~watched_fd() {
        bench_.events->unwatch(object_);
        // It is no descriptor of the system's, who would be asked to close it.
        object_.number.store(-1);
        mioco::detail::drop_share(object_);
    }
    watched_fd(const watched_fd&) = delete;
    watched_fd& operator=(const watched_fd&) = delete;

    /// As before an attempt: what came so far does not count any more.
    void forget_events() {
        bench_.events->wait(0, 100, mioco::detail::poller::caller::owner);
        for (const side which : {side::read, side::write}) object_[which].begin_attempt(1);
    }
    /// Whether an event comes now, or has come since.
    bool has_event(side which) {
        bench_.events->wait(0, 100, mioco::detail::poller::caller::owner);
        return object_[which].slot().is_ready();
    }
    bool is_readable() { return has_event(side::read); }
    bool is_writable() { return has_event(side::write); }
    mioco::detail::fd_object& object() { return object_; }

private:
    sim_bench& bench_;
    mioco::detail::fd_object& object_;
};

}  // namespace mioco_test
