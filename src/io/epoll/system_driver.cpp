// SPDX-License-Identifier: MPL-2.0
#include <chrono>
#include <random>

#include "base/never_destroyed.hpp"
#include "base/sys.hpp"
#include "base/sys_transfer.hpp"
#include "io/driver.hpp"
#include "io/epoll/epoll_poller.hpp"
#include "runtime/runtime_core.hpp"
#include "sched/current.hpp"
#include "sched/worker.hpp"

namespace mioco::detail {

namespace {

class epoll_driver final : public driver {
public:
    [[nodiscard]] const char* name() const noexcept override { return "epoll"; }
    std::unique_ptr<poller> make_poller(const void* group) override {
        return std::make_unique<epoll_poller>(group);
    }

    nanoseconds_t now() noexcept override { return sys::monotonic_ns(); }
    std::uint64_t random() noexcept override {
        std::random_device device;
        return std::uint64_t{device()} << 32 | device();
    }

    ssize_t receive(std::span<std::byte> into, int fd) noexcept override {
        return sys::receive(fd, into.data(), into.size());
    }
    ssize_t send(std::span<const std::byte> from, int fd) noexcept override {
        return sys::send(fd, from.data(), from.size());
    }
    ssize_t receive_into(int fd, std::span<const iovec> into) noexcept override {
        msghdr message = message_of(into);
        return sys::receive_message(fd, message);
    }
    ssize_t send_from(int fd, std::span<const iovec> from) noexcept override {
        return sys::send_message(fd, message_of(from));
    }
    ssize_t receive_message(int fd, msghdr& message) noexcept override {
        return sys::receive_message(fd, message);
    }
    ssize_t send_message(int fd, const msghdr& message) noexcept override {
        return sys::send_message(fd, message);
    }
    int receive_messages(int fd, std::span<mmsghdr> messages) noexcept override {
        return sys::receive_messages(fd, messages.data(), static_cast<unsigned>(messages.size()));
    }
    int send_messages(int fd, std::span<mmsghdr> messages) noexcept override {
        return sys::send_messages(fd, messages.data(), static_cast<unsigned>(messages.size()));
    }
    int open_socket(int family, int type) noexcept override { return sys::socket(family, type); }
    int open_socket_pair(int family, int type, int (&ends)[2]) noexcept override {
        return sys::socket_pair(family, type, ends);
    }
    int bind(int fd, const sockaddr* address, socklen_t size) noexcept override {
        return sys::bind(fd, address, size);
    }
    int listen(int fd, int backlog) noexcept override { return sys::listen(fd, backlog); }
    int accept(int fd, sockaddr* peer, socklen_t* size) noexcept override {
        return sys::accept(fd, peer, size);
    }
    int connect(int fd, const sockaddr* address, socklen_t size) noexcept override {
        return sys::connect(fd, address, size);
    }
    int shutdown(int fd, int how) noexcept override { return sys::shutdown(fd, how); }
    int get_option(int fd, int level, int name, void* value, socklen_t* size) noexcept override {
        return sys::get_option(fd, level, name, value, size);
    }
    int set_option(int fd, int level, int name, const void* value,
                   socklen_t size) noexcept override {
        return sys::set_option(fd, level, name, value, size);
    }
    int local_name(int fd, sockaddr* address, socklen_t* size) noexcept override {
        return sys::local_name(fd, address, size);
    }
    int peer_name(int fd, sockaddr* address, socklen_t* size) noexcept override {
        return sys::peer_name(fd, address, size);
    }
    ssize_t read(std::span<std::byte> into, int fd) noexcept override {
        return sys::read(fd, into.data(), into.size());
    }
    ssize_t write(std::span<const std::byte> from, int fd) noexcept override {
        const iovec all{const_cast<std::byte*>(from.data()), from.size()};
        return sys::write_quietly(fd, &all, 1);
    }
    ssize_t read_into(int fd, std::span<const iovec> into) noexcept override {
        return sys::read_into(fd, into.data(), into.size());
    }
    ssize_t write_from(int fd, std::span<const iovec> from) noexcept override {
        return sys::write_quietly(fd, from.data(), from.size());
    }
    ssize_t receive_at_once(std::span<std::byte> into, int fd) noexcept override {
        return sys::receive_at_once(fd, into.data(), into.size());
    }
    ssize_t send_at_once(std::span<const std::byte> from, int fd) noexcept override {
        return sys::send_at_once(fd, from.data(), from.size());
    }
    ssize_t splice(int from, int to, std::size_t most) noexcept override {
        return sys::splice(from, to, most);
    }
    int open_pipe(int (&ends)[2]) noexcept override { return sys::pipe(ends); }
    int pipe_capacity(int fd) noexcept override { return sys::pipe_capacity(fd); }
    int set_pipe_capacity(int fd, int bytes) noexcept override {
        return sys::set_pipe_capacity(fd, bytes);
    }
    int file_status(const char* path, struct stat& status) noexcept override {
        return sys::link_status(path, status);
    }
    int remove_file(const char* path) noexcept override { return sys::unlink(path); }
    int ready_now(int fd, short events) noexcept override {
        short ready = 0;
        const int result = sys::poll_one(fd, events, ready);
        return result < 0 ? result : ready;
    }
    void close(int fd) noexcept override { sys::close(fd); }

private:
    static msghdr message_of(std::span<const iovec> parts) noexcept {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts.data());
        message.msg_iovlen = parts.size();
        return message;
    }
};

}  // namespace

driver& system_driver() noexcept {
    static never_destroyed<epoll_driver> shared;
    return shared.value;
}

driver& current_driver() noexcept {
    worker* const here = current_worker();
    return here == nullptr ? system_driver() : here->home().io();
}

}  // namespace mioco::detail
