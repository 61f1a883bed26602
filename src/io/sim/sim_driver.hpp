// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>
#include <vector>

#include "io/driver.hpp"
#include "io/sim/socket.hpp"
#include "io/sim/world.hpp"

namespace mioco::detail::sim {

class pipe_file;
class regular_file;

/// The calls of a host's programs, answered by a `world`. Each fiber's are those of the host that it is on. Descriptors that the
/// kernel has made are refused, with a message and an abort: what they do would not be the same in the next run.
class sim_driver : public driver {
public:
    explicit sim_driver(world& in) : in_(in) {}

    [[nodiscard]] const char* name() const noexcept override { return "simulation"; }
    std::unique_ptr<poller> make_poller(const void* group) override;
    nanoseconds_t now() noexcept override {
        in_.advance_to(in_.now() + in_.wanted().time_of_look.count());
        return in_.now();
    }
    std::uint64_t random() noexcept override { return in_.draw(); }

    ssize_t receive(std::span<std::byte> into, int fd) noexcept override;
    ssize_t send(std::span<const std::byte> from, int fd) noexcept override;
    ssize_t receive_into(int fd, std::span<const iovec> into) noexcept override;
    ssize_t send_from(int fd, std::span<const iovec> from) noexcept override;
    ssize_t receive_message(int fd, msghdr& message) noexcept override;
    ssize_t send_message(int fd, const msghdr& message) noexcept override;
    int receive_messages(int fd, std::span<mmsghdr> messages) noexcept override;
    int send_messages(int fd, std::span<mmsghdr> messages) noexcept override;
    int open_socket(int family, int type) noexcept override;
    int open_socket_pair(int family, int type, int (&ends)[2]) noexcept override;
    int bind(int fd, const sockaddr* address, socklen_t size) noexcept override;
    int listen(int fd, int backlog) noexcept override;
    int accept(int fd, sockaddr* peer, socklen_t* size) noexcept override;
    int connect(int fd, const sockaddr* address, socklen_t size) noexcept override;
    int shutdown(int fd, int how) noexcept override;
    int get_option(int fd, int level, int name, void* value, socklen_t* size) noexcept override;
    int set_option(int fd, int level, int name, const void* value,
                   socklen_t size) noexcept override;
    int local_name(int fd, sockaddr* address, socklen_t* size) noexcept override;
    int peer_name(int fd, sockaddr* address, socklen_t* size) noexcept override;
    ssize_t receive_at_once(std::span<std::byte> into, int fd) noexcept override;
    ssize_t send_at_once(std::span<const std::byte> from, int fd) noexcept override;

    ssize_t read(std::span<std::byte> into, int fd) noexcept override;
    ssize_t write(std::span<const std::byte> from, int fd) noexcept override;
    ssize_t read_into(int fd, std::span<const iovec> into) noexcept override;
    ssize_t write_from(int fd, std::span<const iovec> from) noexcept override;
    ssize_t splice(int from, int to, std::size_t most) noexcept override;
    ssize_t fill_own_pipe(int from, int pipe, std::size_t most) noexcept override {
        return splice(from, pipe, most);
    }
    int open_pipe(int (&ends)[2]) noexcept override;
    int pipe_capacity(int fd) noexcept override;
    int set_pipe_capacity(int fd, int bytes) noexcept override;

    int open_file(const char* path, int flags, unsigned mode) noexcept override;
    ssize_t read_file(int fd, std::span<std::byte> into, std::int64_t offset) noexcept override;
    ssize_t write_file(int fd, std::span<const std::byte> from,
                       std::int64_t offset) noexcept override;
    ssize_t read_file_into(int fd, std::span<const iovec> into,
                           std::int64_t offset) noexcept override;
    ssize_t write_file_from(int fd, std::span<const iovec> from,
                            std::int64_t offset) noexcept override;
    ssize_t send_file(int file, int to, std::size_t most) noexcept override;
    int sync_file(int fd, bool data_only) noexcept override;
    std::int64_t file_size(int fd) noexcept override;
    std::int64_t seek(int fd, std::int64_t offset, int origin) noexcept override;
    int set_file_size(int fd, std::int64_t size) noexcept override;
    int set_file_mode(int fd, unsigned mode) noexcept override;
    int lock_file(int fd, short type) noexcept override;
    int read_directory(int fd, std::vector<directory_item>& into) noexcept override;
    int close_file(int fd) noexcept override;
    int look_up(const name_query& what, std::vector<found_address>& found) noexcept override;
    int file_status(const char* path, struct stat& status) noexcept override;
    int remove_file(const char* path) noexcept override;
    int target_status(const char* path, struct stat& status) noexcept override;
    int open_file_at(int directory, const char* path, int flags, unsigned mode) noexcept override;
    int remove_at(int directory, const char* path, bool is_directory) noexcept override;
    int make_directory(const char* path, unsigned mode) noexcept override;
    int rename(const char* from, const char* to) noexcept override;
    int make_link(const char* file, const char* path) noexcept override;
    int make_symbolic_link(const char* target, const char* path) noexcept override;
    ssize_t read_link(const char* path, std::span<char> into) noexcept override;
    int set_mode(const char* path, unsigned mode) noexcept override;
    [[nodiscard]] std::string temporary_directory() override;

    // What a program does is not in the world.
    int start_program(const program_start&) noexcept override { return -EOPNOTSUPP; }
    bool has_child_descriptors() override { return false; }
    int open_child(int) noexcept override { return -EOPNOTSUPP; }
    int child_status(child_name, int, siginfo_t&) noexcept override { return -EOPNOTSUPP; }
    int signal_child(child_name, int) noexcept override { return -EOPNOTSUPP; }
    int signal_group(int, int) noexcept override { return -EOPNOTSUPP; }

    [[nodiscard]] const char* why_foreign(int fd) const noexcept override;
    int fd_status(int fd, struct stat& status) noexcept override;
    int status_flags(int fd) noexcept override;
    int descriptor_flags(int fd) noexcept override;
    bool is_terminal(int fd) noexcept override;
    int make_non_blocking(int fd) noexcept override;
    void make_blocking(int fd) noexcept override;
    int duplicate(int fd) noexcept override;
    int reopen(int fd) noexcept override;
    int reopen_in_place(int fd) noexcept override;
    bool disable(int fd) noexcept override;
    int ready_now(int fd, short events) noexcept override;
    void close(int fd) noexcept override;

private:
    // A found object, or why there is none: a negative errno value.
    template <class T>
    struct found {
        T* what;
        int failure;
    };
    found<sim::open_file> find(int fd, const char* call) noexcept;
    found<socket_base> find_socket(int fd, const char* call) noexcept;
    found<pipe_file> find_pipe(int fd, const char* call) noexcept;
    found<regular_file> find_regular(int fd, const char* call) noexcept;
    int start_at(int directory, std::shared_ptr<inode>& start) noexcept;
    int status_of(const char* path, bool follows, struct stat& status) noexcept;
    [[noreturn]] static void refuse(int fd, const char* call) noexcept;

    enum class way : std::uint8_t { in, out };
    /// 0, or the failure that chance has chosen.
    int disturb(sim::open_file& file) noexcept;
    [[nodiscard]] std::size_t shortened(sim::open_file& file, way which, std::size_t most) noexcept;
    /// What a call has come to: noted, and what it has sent arrives if it takes no time.
    template <class Result>
    Result done(const sim::open_file& file, act what, Result result) noexcept {
        in_.note(file.host(), what, file.id(), result);
        in_.run_due();
        return result;
    }

    int addresses_of(const name_query& what, std::vector<sim::ip_address>& into) noexcept;
    ssize_t receive_parts(int fd, std::span<const iovec> into, const char* call) noexcept;
    ssize_t send_parts(int fd, std::span<const iovec> from, const char* call) noexcept;
    ssize_t receive_one(socket_base& from, msghdr& message) noexcept;
    ssize_t send_one(socket_base& to, const msghdr& message) noexcept;
    ssize_t read_parts(int fd, std::span<const iovec> into, const char* call) noexcept;
    ssize_t write_parts(int fd, std::span<const iovec> from, const char* call) noexcept;
    ssize_t splice_from_pipe(pipe_file& from, sim::open_file& to, std::size_t most) noexcept;
    ssize_t splice_to_pipe(sim::open_file& from, pipe_file& to, std::size_t most) noexcept;
    int add(std::shared_ptr<sim::open_file> file) noexcept;
    int add_pair(std::shared_ptr<sim::open_file> first, std::shared_ptr<sim::open_file> second,
                 int (&ends)[2]) noexcept;

    world& in_;
};

}  // namespace mioco::detail::sim
