// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <typeinfo>
#include <utility>
#include <vector>

#include <fcntl.h>

#include "base/cpu_count.hpp"
#include "base/sys.hpp"
#include "base/sys_transfer.hpp"
#include "io/driver.hpp"
#include "io/epoll/epoll_poller.hpp"
#include "io/epoll/system_children.hpp"
#include "io/epoll/system_directory.hpp"
#include "io/epoll/system_names.hpp"
#include "io/epoll/system_thread.hpp"

namespace mioco::detail {

/// The system's calls as a driver. Tests derive from it.
class epoll_driver : public driver {
public:
    [[nodiscard]] const char* name() const noexcept override { return "epoll"; }
    // What derives from this may have answers of its own.
    [[nodiscard]] bool transfers_by_system() const noexcept override {
        return typeid(*this) == typeid(epoll_driver);
    }
    std::unique_ptr<poller> make_poller(const void* group) override {
        return std::make_unique<epoll_poller>(group);
    }

    nanoseconds_t now() noexcept override { return sys::monotonic_ns(); }
    std::uint64_t random() noexcept override {
        std::random_device device;
        return std::uint64_t{device()} << 32 | device();
    }

    [[nodiscard]] unsigned usual_workers() const noexcept override { return usable_cpu_count(); }
    std::unique_ptr<driver_thread> start_thread(const std::string& name,
                                                std::function<void()> body) override {
        return start_system_thread(name, std::move(body));
    }
    nanoseconds_t idle_thread_lives_ns() noexcept override { return 10'000'000'000; }
    int poll(std::span<pollfd> entries, nanoseconds_t timeout_ns) noexcept override {
        return sys::poll(entries, timeout_ns);
    }
    void sleep_until(nanoseconds_t deadline) noexcept override { sys::sleep_until(deadline); }
    void yield_thread() noexcept override { std::this_thread::yield(); }
    int open_event() noexcept override { return sys::event_fd(); }
    void signal_event(int fd) noexcept override {
        constexpr std::uint64_t one = 1;
        sys::write(fd, &one, sizeof one);
    }
    bool clear_event(int fd) noexcept override {
        std::uint64_t count = 0;
        return sys::read(fd, &count, sizeof count) > 0;
    }
    std::int32_t switches_a_look() noexcept override { return 61; }
    nanoseconds_t poll_interval_ns() noexcept override { return 50'000; }
    std::size_t fibers_to_pass_over(std::size_t) noexcept override { return 0; }

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
    int open_socket(int family, int type) noexcept override {
        return made(sys::socket(family, type));
    }
    int open_socket_pair(int family, int type, int (&ends)[2]) noexcept override {
        return made(sys::socket_pair(family, type, ends));
    }
    int bind(int fd, const sockaddr* address, socklen_t size) noexcept override {
        return sys::bind(fd, address, size);
    }
    int listen(int fd, int backlog) noexcept override { return sys::listen(fd, backlog); }
    int accept(int fd, sockaddr* peer, socklen_t* size) noexcept override {
        return made(sys::accept(fd, peer, size));
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
    ssize_t fill_own_pipe(int from, int pipe, std::size_t most) noexcept override {
        return sys::fill_own_pipe(from, pipe, most);
    }
    int open_pipe(int (&ends)[2]) noexcept override { return made(sys::pipe(ends)); }
    int pipe_capacity(int fd) noexcept override { return sys::pipe_capacity(fd); }
    int set_pipe_capacity(int fd, int bytes) noexcept override {
        return sys::set_pipe_capacity(fd, bytes);
    }
    int open_file(const char* path, int flags, unsigned mode) noexcept override {
        return sys::open(path, flags, mode);
    }
    ssize_t read_file(int fd, std::span<std::byte> into, std::int64_t offset) noexcept override {
        if (offset == here) return sys::read(fd, into.data(), into.size());
        return sys::read_at(fd, into.data(), into.size(), static_cast<std::uint64_t>(offset));
    }
    ssize_t read_file_at_once(int fd, std::span<std::byte> into,
                              std::int64_t offset) noexcept override {
        return sys::read_at_once(fd, into.data(), into.size(), offset);
    }
    bool is_file_size_unlimited() noexcept override { return sys::is_file_size_unlimited(); }
    ssize_t write_file(int fd, std::span<const std::byte> from,
                       std::int64_t offset) noexcept override {
        if (offset == here) return sys::write(fd, from.data(), from.size());
        return sys::write_at(fd, from.data(), from.size(), static_cast<std::uint64_t>(offset));
    }
    ssize_t read_file_into(int fd, std::span<const iovec> into,
                           std::int64_t offset) noexcept override {
        if (offset == here) return sys::read_into(fd, into.data(), into.size());
        return sys::read_into_at(fd, into.data(), into.size(), static_cast<std::uint64_t>(offset));
    }
    ssize_t write_file_from(int fd, std::span<const iovec> from,
                            std::int64_t offset) noexcept override {
        if (offset == here) return sys::write_from(fd, from.data(), from.size());
        return sys::write_from_at(fd, from.data(), from.size(), static_cast<std::uint64_t>(offset));
    }
    ssize_t send_file(int file, int to, std::size_t most) noexcept override {
        return sys::send_file(file, to, most);
    }
    int sync_file(int fd, bool data_only) noexcept override {
        return data_only ? sys::sync_data(fd) : sys::sync(fd);
    }
    std::int64_t file_size(int fd) noexcept override { return sys::file_size(fd); }
    std::int64_t seek(int fd, std::int64_t offset, int origin) noexcept override {
        return sys::seek(fd, offset, origin);
    }
    int set_file_size(int fd, std::int64_t size) noexcept override {
        return sys::set_file_size(fd, size);
    }
    int set_file_mode(int fd, unsigned mode) noexcept override {
        return sys::set_file_mode(fd, mode);
    }
    int lock_file(int fd, short type) noexcept override { return sys::lock_file(fd, type); }
    int read_directory(int fd, std::vector<directory_item>& into) noexcept override {
        return read_system_directory(fd, into);
    }
    int close_file(int fd) noexcept override { return sys::close_checked(fd); }
    int look_up(const name_query& what, std::vector<found_address>& found) noexcept override {
        return look_up_name(what, found);
    }
    int file_status(const char* path, struct stat& status) noexcept override {
        return sys::link_status(path, status);
    }
    int remove_file(const char* path) noexcept override { return sys::unlink(path); }
    int target_status(const char* path, struct stat& status) noexcept override {
        return sys::target_status(path, status);
    }
    int open_file_at(int directory, const char* path, int flags, unsigned mode) noexcept override {
        return sys::open_at(directory, path, flags, mode);
    }
    int remove_at(int directory, const char* path, bool is_directory) noexcept override {
        return sys::unlink_at(directory, path, is_directory);
    }
    int make_directory(const char* path, unsigned mode) noexcept override {
        return sys::make_directory(path, mode);
    }
    int rename(const char* from, const char* to) noexcept override { return sys::rename(from, to); }
    int make_link(const char* file, const char* path) noexcept override {
        return sys::make_link(file, path);
    }
    int make_symbolic_link(const char* target, const char* path) noexcept override {
        return sys::make_symbolic_link(target, path);
    }
    ssize_t read_link(const char* path, std::span<char> into) noexcept override {
        return sys::read_link(path, into.data(), into.size());
    }
    int set_mode(const char* path, unsigned mode) noexcept override {
        return sys::set_mode(path, mode);
    }
    [[nodiscard]] std::string temporary_directory() override {
        const char* const chosen = std::getenv("TMPDIR");
        return chosen == nullptr || *chosen == '\0' ? "/tmp" : chosen;
    }

    int start_program(const program_start& what) noexcept override {
        return sys::start_program(what);
    }
    bool has_child_descriptors() override { return system_has_child_descriptors(); }
    int open_child(int pid) noexcept override { return made(sys::open_child(pid)); }
    int child_status(child_name child, int options, siginfo_t& ended) noexcept override {
        return sys::child_status(child, options, ended);
    }
    int signal_child(child_name child, int number) noexcept override {
        return sys::signal_child(child, number);
    }
    int signal_group(int leader, int number) noexcept override {
        return sys::signal_group(leader, number);
    }

    int fd_status(int fd, struct stat& status) noexcept override {
        return sys::file_status(fd, status);
    }
    int fd_type(int fd) noexcept override { return sys::file_type(fd); }
    int status_flags(int fd) noexcept override { return sys::file_status_flags(fd); }
    int descriptor_flags(int fd) noexcept override { return sys::descriptor_flags(fd); }
    bool is_terminal(int fd) noexcept override { return sys::is_terminal(fd); }
    int make_non_blocking(int fd) noexcept override {
        const int flags = sys::file_status_flags(fd);
        if (flags < 0) return flags;
        const bool was_blocking = (flags & O_NONBLOCK) == 0;
        if (was_blocking) sys::set_file_status_flags(fd, flags | O_NONBLOCK);
        return made(was_blocking ? 1 : 0);
    }
    void make_blocking(int fd) noexcept override {
        const int flags = sys::file_status_flags(fd);
        if (flags >= 0) sys::set_file_status_flags(fd, flags & ~O_NONBLOCK);
    }
    int duplicate(int fd) noexcept override { return made(sys::duplicate(fd)); }
    int reopen(int fd) noexcept override { return made(sys::reopen(fd)); }
    int reopen_in_place(int fd) noexcept override {
        const int status = sys::file_status_flags(fd);
        const int flags = sys::descriptor_flags(fd);
        const int opened = made(sys::reopen(fd));
        if (opened < 0) return opened;
        const int replaced = sys::replace_fd(opened, fd);
        sys::close(opened);
        if (replaced < 0) return replaced;
        sys::set_descriptor_flags(fd, flags);
        return (status & O_NONBLOCK) == 0 ? 1 : 0;
    }
    int ready_now(int fd, short events) noexcept override {
        short ready = 0;
        const int result = sys::poll_one(fd, events, ready);
        return result < 0 ? result : ready;
    }
    bool disable(int fd) noexcept override {
        if (sys::replace_fd(dead_socket(), fd) >= 0) return true;
        sys::shutdown(fd, SHUT_RDWR);
        return false;
    }
    void close(int fd) noexcept override { sys::close(fd); }

private:
    // Never connected: reads and writes fail, and nothing can be sent to it. It takes the place of a closed descriptor. It is made with
    // the first of them, so that a later shortage does not matter; a failure is not kept.
    static int dead_socket() noexcept {
        static std::atomic<int> dead{-1};
        int number = dead.load(std::memory_order_acquire);
        if (number >= 0) [[likely]]
            return number;
        const int made = sys::socket(AF_UNIX, SOCK_STREAM);
        if (made < 0 || dead.compare_exchange_strong(number, made)) return made;
        sys::close(made);
        return number;
    }

    // What any call returns that makes a descriptor or takes one over.
    static int made(int result) noexcept {
        static_cast<void>(dead_socket());
        return result;
    }

    static msghdr message_of(std::span<const iovec> parts) noexcept {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts.data());
        message.msg_iovlen = parts.size();
        return message;
    }
};

}  // namespace mioco::detail
