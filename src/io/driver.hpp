// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/child_process.hpp"
#include "time/lazy_timer.hpp"

// What a runtime needs from the outside world. Time, randomness and IO are reached through a driver and never straight from the
// system, so that another one can stand in for all of it. What is the process' own is not, as nothing could take its place: memory
// and stacks; signals; how many threads there are, how precisely a worker's thread wakes up; and what tells a human what went
// wrong. `scripts/check-rules` knows the files that see to those.
//
// An engine is a driver with its pollers. It must keep these promises:
//
//  1. An attempt never blocks, save on the pool. It returns a count, or a negative errno value; -EAGAIN means: wait for readiness.
//  2. A poller watches a descriptor from `watch` on. Whatever changes an attempt's -EAGAIN into another answer is an event, and is
//     posted to the fd_object's side (see post_event.hpp) by whichever thread waits at the poller. A state that holds
//     already when `watch` is called is an event too. Spurious events are allowed.
//  3. `wait` may be called by any worker with a timeout of zero, at any time; with another timeout by the owner only.
//  4. `wake` ends the owner's current or next `wait`, whoever else waits at the poller. It is async-signal-safe.
//  5. A descriptor that was made by a call, or made non-blocking, can be disabled, whatever runs short until then.

namespace mioco::detail {

struct fd_object;
struct file_operation;

/// What is to be looked up of a name. An empty service stands for port 0.
struct name_query {
    std::string host;
    std::string service;
    int family = AF_UNSPEC;
    int type = SOCK_STREAM;
};

struct found_address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

/// What is in a directory: a name, and its type as of struct stat; 0 where only a look at the file itself tells.
struct directory_item {
    std::string name;
    mode_t type = 0;
};

class poller {
public:
    /// `group`: whose pollers are waited at together, that is, a runtime.
    explicit poller(const void* group) noexcept : group_(group) {}
    virtual ~poller() = default;
    poller(const poller&) = delete;
    poller& operator=(const poller&) = delete;

    [[nodiscard]] const void* group() const noexcept { return group_; }

    /// Starts to watch both directions. Returns 0 or a negative errno value.
    virtual int watch(fd_object& fd) noexcept = 0;
    virtual void unwatch(fd_object& fd) noexcept = 0;

    enum class caller { owner, neighbour };
    /// Waits until something happens or `timeout_ns` have passed (`never`: until woken), and posts what happened, of `most`
    /// descriptors; the rest is kept for the next time.
    virtual void wait(nanoseconds_t timeout_ns, std::size_t most, caller who) noexcept = 0;
    virtual void wake() noexcept = 0;

    // Operations on files, where a poller can have them carried out without a thread that blocks. [a fiber of the owner's]
    /// Whether it can; else they are jobs of the pool.
    virtual bool takes_files() noexcept { return false; }
    /// Of a poller that can. The operation is begun when a thread next waits here, and at the end its caller's wait completed by whichever
    /// thread waits here then.
    virtual void start(file_operation& wanted) noexcept { static_cast<void>(wanted); }
    /// [any thread] For a caller whose wait has been ended otherwise: from here on nobody knows the operation.
    virtual void withdraw(file_operation& unwanted) noexcept { static_cast<void>(unwanted); }

private:
    const void* group_;
};

/// A thread of a runtime, which a driver has started.
class driver_thread {
public:
    driver_thread() = default;
    virtual ~driver_thread() = default;
    driver_thread(const driver_thread&) = delete;
    driver_thread& operator=(const driver_thread&) = delete;

    /// Waits for its end; once, and before the object goes.
    virtual void join() noexcept = 0;
};

class driver {
public:
    virtual ~driver() = default;

    [[nodiscard]] virtual const char* name() const noexcept = 0;
    /// Whether all must go the same way again when the driver answers the same. Then deadlocks are its business too.
    [[nodiscard]] virtual bool is_repeatable() const noexcept { return false; }
    /// Whether `receive` and `send` are the system's calls on these descriptors and nothing more, which a worker may then make itself.
    [[nodiscard]] virtual bool transfers_by_system() const noexcept { return false; }
    virtual std::unique_ptr<poller> make_poller(const void* group) = 0;

    virtual nanoseconds_t now() noexcept = 0;
    virtual std::uint64_t random() noexcept = 0;

    // Threads, and how a plain one waits
    /// How many workers a runtime has that was told no number.
    [[nodiscard]] virtual unsigned usual_workers() const noexcept = 0;
    /// Throws std::system_error when the system has none left. Of the name, 15 characters count.
    virtual std::unique_ptr<driver_thread> start_thread(const std::string& name,
                                                        std::function<void()> body) = 0;
    /// How long a thread of the pool waits for the next job before it ends.
    virtual nanoseconds_t idle_thread_lives_ns() noexcept = 0;
    /// As ppoll(2): blocks the calling thread.
    virtual int poll(std::span<pollfd> entries, nanoseconds_t timeout_ns) noexcept = 0;
    virtual void sleep_until(nanoseconds_t deadline) noexcept = 0;
    virtual void yield_thread() noexcept = 0;
    /// As eventfd(2): non-blocking, and closed on exec.
    virtual int open_event() noexcept = 0;
    virtual void signal_event(int fd) noexcept = 0;
    /// Returns whether it was signalled.
    virtual bool clear_event(int fd) noexcept = 0;
    /// How many switches a worker makes before it looks at what others and the poller have for it, and how long it polls no more.
    virtual std::int32_t switches_a_look() noexcept = 0;
    virtual nanoseconds_t poll_interval_ns() noexcept = 0;
    /// How many of so many that are ready let others go first, after a look.
    virtual std::size_t fibers_to_pass_over(std::size_t ready) noexcept = 0;

    // The two calls of every message. The descriptor comes last, so that the kernel takes the other arguments as they came.
    virtual ssize_t receive(std::span<std::byte> into, int fd) noexcept = 0;
    virtual ssize_t send(std::span<const std::byte> from, int fd) noexcept = 0;
    virtual ssize_t receive_into(int fd, std::span<const iovec> into) noexcept = 0;
    virtual ssize_t send_from(int fd, std::span<const iovec> from) noexcept = 0;
    /// As recvmsg(2) and sendmsg(2); descriptors that come are closed on exec.
    virtual ssize_t receive_message(int fd, msghdr& message) noexcept = 0;
    virtual ssize_t send_message(int fd, const msghdr& message) noexcept = 0;
    /// As recvmmsg(2) and sendmmsg(2): how many messages, of which the first at least was transferred.
    virtual int receive_messages(int fd, std::span<mmsghdr> messages) noexcept = 0;
    virtual int send_messages(int fd, std::span<mmsghdr> messages) noexcept = 0;
    virtual int open_socket(int family, int type) noexcept = 0;
    virtual int open_socket_pair(int family, int type, int (&ends)[2]) noexcept = 0;
    virtual int bind(int fd, const sockaddr* address, socklen_t size) noexcept = 0;
    virtual int listen(int fd, int backlog) noexcept = 0;
    virtual int accept(int fd, sockaddr* peer, socklen_t* size) noexcept = 0;
    virtual int connect(int fd, const sockaddr* address, socklen_t size) noexcept = 0;
    virtual int shutdown(int fd, int how) noexcept = 0;
    virtual int get_option(int fd, int level, int name, void* value, socklen_t* size) noexcept = 0;
    virtual int set_option(int fd, int level, int name, const void* value,
                           socklen_t size) noexcept = 0;
    virtual int local_name(int fd, sockaddr* address, socklen_t* size) noexcept = 0;
    virtual int peer_name(int fd, sockaddr* address, socklen_t* size) noexcept = 0;

    /// Of a socket that may be blocking.
    virtual ssize_t receive_at_once(std::span<std::byte> into, int fd) noexcept = 0;
    virtual ssize_t send_at_once(std::span<const std::byte> from, int fd) noexcept = 0;

    // Pipes
    virtual ssize_t read(std::span<std::byte> into, int fd) noexcept = 0;
    /// Never raises SIGPIPE.
    virtual ssize_t write(std::span<const std::byte> from, int fd) noexcept = 0;
    virtual ssize_t read_into(int fd, std::span<const iovec> into) noexcept = 0;
    virtual ssize_t write_from(int fd, std::span<const iovec> from) noexcept = 0;
    /// As splice(2): moves bytes between a pipe and another descriptor, which is non-blocking. Never raises SIGPIPE.
    virtual ssize_t splice(int from, int to, std::size_t most) noexcept = 0;
    /// The same into a pipe that is never broken, as the caller has its reading end as well: nothing has to be done about SIGPIPE.
    virtual ssize_t fill_own_pipe(int from, int pipe, std::size_t most) noexcept = 0;
    /// The reading end first.
    virtual int open_pipe(int (&ends)[2]) noexcept = 0;
    virtual int pipe_capacity(int fd) noexcept = 0;
    /// Returns what it became.
    virtual int set_pipe_capacity(int fd, int bytes) noexcept = 0;
    /// How many pipes copies between sockets have now. Relaxed: it is for a bound, and nobody reads anything by it.
    std::atomic<int> pipes_of_copies{0};

    // Files. These may block, and are called where that may be: on the pool of a fiber's runtime.
    /// Close-on-exec.
    virtual int open_file(const char* path, int flags, unsigned mode) noexcept = 0;
    /// An offset: at the descriptor's own position, which moves on.
    static constexpr std::int64_t here = -1;
    virtual ssize_t read_file(int fd, std::span<std::byte> into, std::int64_t offset) noexcept = 0;
    virtual ssize_t write_file(int fd, std::span<const std::byte> from,
                               std::int64_t offset) noexcept = 0;
    virtual ssize_t read_file_into(int fd, std::span<const iovec> into,
                                   std::int64_t offset) noexcept = 0;
    virtual ssize_t write_file_from(int fd, std::span<const iovec> from,
                                    std::int64_t offset) noexcept = 0;
    /// Of what is in memory, and does not block: what there is of it, or any failure where the call above is to decide.
    virtual ssize_t read_file_at_once(int fd, std::span<std::byte> into,
                                      std::int64_t offset) noexcept {
        static_cast<void>(fd), static_cast<void>(into), static_cast<void>(offset);
        return -EAGAIN;
    }
    /// Whether a write to a file is never ended by a limit of the process, which comes with a signal.
    virtual bool is_file_size_unlimited() noexcept { return true; }
    /// From the file's position, which moves on. -EAGAIN: a socket or pipe has no room. Never raises SIGPIPE.
    virtual ssize_t send_file(int file, int to, std::size_t most) noexcept = 0;
    /// `data_only`: without what only times and owners need.
    virtual int sync_file(int fd, bool data_only) noexcept = 0;
    virtual std::int64_t file_size(int fd) noexcept = 0;
    /// As lseek(2); the new place. From the end of a file on a server it may block.
    virtual std::int64_t seek(int fd, std::int64_t offset, int origin) noexcept = 0;
    virtual int set_file_size(int fd, std::int64_t size) noexcept = 0;
    virtual int set_file_mode(int fd, unsigned mode) noexcept = 0;
    /// Of the whole file, for the open file and not for the process: F_RDLCK, F_WRLCK or F_UNLCK. -EAGAIN: another one is in the way.
    virtual int lock_file(int fd, short type) noexcept = 0;
    /// Some more of what an open directory holds, from its position on; how many, 0 at the end. "." and ".." are left out.
    virtual int read_directory(int fd, std::vector<directory_item>& into) noexcept = 0;
    /// The descriptor is gone in every case.
    virtual int close_file(int fd) noexcept = 0;

    /// As getaddrinfo(3), best address first; may block, as files do. 0, an EAI_ value (which are negative), or a positive errno value.
    virtual int look_up(const name_query& what, std::vector<found_address>& found) noexcept = 0;

    // Paths, as the system calls of these names; they may block, as files do
    /// Of what the path names, a symbolic link itself.
    virtual int file_status(const char* path, struct stat& status) noexcept = 0;
    virtual int remove_file(const char* path) noexcept = 0;
    /// Of what it leads to.
    virtual int target_status(const char* path, struct stat& status) noexcept = 0;
    /// Where a path begins that is not absolute: an open directory, or this.
    static constexpr int working_directory = -100;  // AT_FDCWD
    virtual int open_file_at(int directory, const char* path, int flags,
                             unsigned mode) noexcept = 0;
    virtual int remove_at(int directory, const char* path, bool is_directory) noexcept = 0;
    virtual int make_directory(const char* path, unsigned mode) noexcept = 0;
    virtual int rename(const char* from, const char* to) noexcept = 0;
    /// A second name of a file. A symbolic link is not followed.
    virtual int make_link(const char* file, const char* path) noexcept = 0;
    virtual int make_symbolic_link(const char* target, const char* path) noexcept = 0;
    /// The length, which is the room's if it was too small.
    virtual ssize_t read_link(const char* path, std::span<char> into) noexcept = 0;
    virtual int set_mode(const char* path, unsigned mode) noexcept = 0;
    /// Of the process: where temporary files belong.
    [[nodiscard]] virtual std::string temporary_directory() = 0;

    // Child processes
    /// As posix_spawnp(3), and the child has no other descriptors than 0, 1 and 2; its number. May block, as files do.
    virtual int start_program(const program_start& what) noexcept = 0;
    /// Whether a child can be had as a descriptor; else it is known by its number, and a thread has to wait for its end. Throws
    /// std::invalid_argument if the environment asks for something that there is not.
    virtual bool has_child_descriptors() = 0;
    /// As pidfd_open(2): becomes readable when the child has ended.
    virtual int open_child(int pid) noexcept = 0;
    /// As waitid(2); -EAGAIN: it has not ended. Blocks unless the options have WNOHANG.
    virtual int child_status(child_name child, int options, siginfo_t& ended) noexcept = 0;
    virtual int signal_child(child_name child, int number) noexcept = 0;
    /// To all of the group that this child was started as the leader of.
    virtual int signal_group(int leader, int number) noexcept = 0;

    // Descriptors of any kind, that may have come from outside
    /// Why one cannot be used at all, to go on behind its number; null: it can.
    [[nodiscard]] virtual const char* why_foreign(int fd) const noexcept {
        static_cast<void>(fd);
        return nullptr;
    }
    /// Of what is open, type and identity among it. That of a file on a server may block.
    virtual int fd_status(int fd, struct stat& status) noexcept = 0;
    /// Its type alone, the bits of S_IFMT. Does not block.
    virtual int fd_type(int fd) noexcept {
        struct stat status{};
        const int failure = fd_status(fd, status);
        return failure < 0 ? failure : static_cast<int>(status.st_mode & S_IFMT);
    }
    /// As fcntl(2) with F_GETFL, and with F_GETFD.
    virtual int status_flags(int fd) noexcept = 0;
    virtual int descriptor_flags(int fd) noexcept = 0;
    /// Whether other programs may have it open too: no controlling end of a pseudo-terminal.
    virtual bool is_terminal(int fd) noexcept = 0;
    /// Returns whether it was blocking: 1 or 0.
    virtual int make_non_blocking(int fd) noexcept = 0;
    virtual void make_blocking(int fd) noexcept = 0;
    /// Another descriptor of the same open file, close-on-exec, and none of 0, 1 and 2.
    virtual int duplicate(int fd) noexcept = 0;
    /// The same file opened anew, non-blocking and close-on-exec.
    virtual int reopen(int fd) noexcept = 0;
    /// The same under the old number. Returns whether that was blocking: 1 or 0.
    virtual int reopen_in_place(int fd) noexcept = 0;
    /// Has all calls fail, also those that are just being made, while the number stays taken. False if there was a shortage: then a
    /// socket is shut down, and no more.
    virtual bool disable(int fd) noexcept = 0;
    /// Of `events` (as poll(2)), those that hold now, with error and hang-up; or a negative errno value.
    virtual int ready_now(int fd, short events) noexcept = 0;
    virtual void close(int fd) noexcept = 0;
};

/// The kernel's sockets and clock, with epoll: what runtimes use by default, and plain threads always.
driver& system_driver() noexcept;

/// That of the calling worker's runtime; of another thread, that of the world which it lives in: the system, if no driver has started it.
driver& current_driver() noexcept;

}  // namespace mioco::detail
