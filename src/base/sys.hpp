// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <netdb.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/child_process.hpp"

// The system calls that the runtime makes. A failure is returned as a negative errno value: `errno` itself is a
// thread-local, whose address compilers keep across a switch to another thread, so it is read here and nowhere else.
// Calls that a signal may interrupt are not repeated here, save `close`, which has happened all the same.

namespace mioco::detail::sys {

// Sockets and descriptors
ssize_t read(int fd, void* into, std::size_t size) noexcept;
ssize_t write(int fd, const void* from, std::size_t size) noexcept;
ssize_t read_into(int fd, const iovec* into, std::size_t count) noexcept;
/// To a pipe that nobody reads any more: -EPIPE, and no SIGPIPE, whatever the process or the thread does with that signal.
ssize_t write_quietly(int fd, const iovec* from, std::size_t count) noexcept;
/// The same, with a kernel that cannot leave the signal out.
ssize_t write_blocking_sigpipe(int fd, const iovec* from, std::size_t count) noexcept;
/// Of a socket that may be blocking; they never wait.
ssize_t receive_at_once(int fd, void* into, std::size_t size) noexcept;
ssize_t send_at_once(int fd, const void* from, std::size_t size) noexcept;
/// Moves bytes within the kernel, between a pipe and another non-blocking descriptor. Never waits for the pipe, raises no SIGPIPE.
ssize_t splice(int from, int to, std::size_t most) noexcept;
/// The same into a pipe that has a reader for sure, which the caller is.
ssize_t fill_own_pipe(int from, int pipe, std::size_t most) noexcept;
/// From a file's position, which moves on, to any other descriptor. Waits for the file, raises no SIGPIPE.
ssize_t send_file(int file, int to, std::size_t most) noexcept;
/// See sys_transfer.hpp for those to call.
ssize_t library_receive(int fd, void* into, std::size_t size) noexcept;
ssize_t library_send(int fd, const void* from, std::size_t size) noexcept;
ssize_t library_read_at_once(int fd, const iovec& into, std::int64_t offset) noexcept;
ssize_t receive_message(int fd, msghdr& message) noexcept;
ssize_t send_message(int fd, const msghdr& message) noexcept;
/// Of several messages: how many were transferred. Without flags for waiting, as the descriptors are non-blocking.
int receive_messages(int fd, mmsghdr* messages, unsigned count) noexcept;
int send_messages(int fd, mmsghdr* messages, unsigned count) noexcept;
int socket(int family, int type) noexcept;
int socket_pair(int family, int type, int (&ends)[2]) noexcept;
/// The reading end first. Both are non-blocking.
int pipe(int (&ends)[2]) noexcept;
int pipe_capacity(int fd) noexcept;
/// Returns what the kernel made of it.
int set_pipe_capacity(int fd, int size) noexcept;
int bind(int fd, const sockaddr* address, socklen_t size) noexcept;
int listen(int fd, int backlog) noexcept;
int accept(int fd, sockaddr* peer, socklen_t* size) noexcept;
int connect(int fd, const sockaddr* address, socklen_t size) noexcept;
int shutdown(int fd, int how) noexcept;
int get_option(int fd, int level, int name, void* value, socklen_t* size) noexcept;
int set_option(int fd, int level, int name, const void* value, socklen_t size) noexcept;
int local_name(int fd, sockaddr* address, socklen_t* size) noexcept;
int peer_name(int fd, sockaddr* address, socklen_t* size) noexcept;
int file_status_flags(int fd) noexcept;
int set_file_status_flags(int fd, int flags) noexcept;
/// Of the descriptor alone: FD_CLOEXEC.
int descriptor_flags(int fd) noexcept;
int set_descriptor_flags(int fd, int flags) noexcept;
int replace_fd(int source, int target) noexcept;
/// Another descriptor of the same open file, close-on-exec, and none of 0, 1 and 2.
int duplicate(int fd) noexcept;
/// The same file opened anew, non-blocking and close-on-exec: an open file of its own, with the same access. A negative errno
/// value where that is not allowed, or /proc is not there.
int reopen(int fd) noexcept;
/// Whether it is a terminal that other programs may have open too: no controlling end of a pseudo-terminal, which belongs to one.
bool is_terminal(int fd) noexcept;
void close(int fd) noexcept;

/// As getaddrinfo(3), which may block for long: 0, an EAI_ value, or of EAI_SYSTEM a positive errno value. Null stands for an empty text.
int look_up(const char* host, const char* service, const addrinfo& hints,
            addrinfo*& found) noexcept;
void free_found(addrinfo* found) noexcept;

// Files
/// How many threads this process has, a sanitizer's own and the kernel's for io_uring left out; 0: not known. One that is just ending
/// may count.
std::size_t thread_count() noexcept;
/// From here on the kernel may have some for io_uring.
void expect_ring_threads() noexcept;
/// Descriptors are close-on-exec.
int open(const char* path, int flags, unsigned mode) noexcept;
ssize_t read_at(int fd, void* into, std::size_t size, std::uint64_t offset) noexcept;
ssize_t write_at(int fd, const void* from, std::size_t size, std::uint64_t offset) noexcept;
/// The same with several buffers, or at the position.
ssize_t read_into_at(int fd, const iovec* into, std::size_t count, std::uint64_t offset) noexcept;
ssize_t write_from(int fd, const iovec* from, std::size_t count) noexcept;
ssize_t write_from_at(int fd, const iovec* from, std::size_t count, std::uint64_t offset) noexcept;
/// To where `origin` says, as lseek(2); the new place.
std::int64_t seek(int fd, std::int64_t offset, int origin) noexcept;
std::int64_t file_size(int fd) noexcept;
int sync(int fd) noexcept;
int sync_data(int fd) noexcept;
/// `close` for those who want to know whether all that was written has arrived.
int close_checked(int fd) noexcept;
/// Type and identity of what is open.
int file_status(int fd, struct stat& status) noexcept;
/// The S_IFMT bits of what is open. No server is asked.
int file_type(int fd) noexcept;
/// Of what the path names, a symbolic link itself.
int link_status(const char* path, struct stat& status) noexcept;
int target_status(const char* path, struct stat& status) noexcept;
int unlink(const char* path) noexcept;
int open_at(int directory, const char* path, int flags, unsigned mode) noexcept;
int unlink_at(int directory, const char* path, bool is_directory) noexcept;
int set_file_size(int fd, std::int64_t size) noexcept;
int set_file_mode(int fd, unsigned mode) noexcept;
/// The whole file's, of the open file: F_RDLCK, F_WRLCK, F_UNLCK. Never waits; -EAGAIN: another one is in the way.
int lock_file(int fd, short type) noexcept;
/// As getdents64(2).
ssize_t read_directory(int fd, void* into, std::size_t size) noexcept;
int make_directory(const char* path, unsigned mode) noexcept;
int rename(const char* from, const char* to) noexcept;
/// Of a symbolic link it makes another name of the link.
int make_link(const char* file, const char* path) noexcept;
int make_symbolic_link(const char* target, const char* path) noexcept;
ssize_t read_link(const char* path, char* into, std::size_t size) noexcept;
int set_mode(const char* path, unsigned mode) noexcept;

// Child processes
/// See driver::start_program.
int start_program(const program_start& what) noexcept;
int open_child(int pid) noexcept;
int child_status(child_name child, int options, siginfo_t& ended) noexcept;
int signal_child(child_name child, int number) noexcept;
int signal_group(int leader, int number) noexcept;

// Waiting
/// Milliseconds as poll(2): -1 for ever.
int poll_one(int fd, short events, short& revents) noexcept;
/// Waits for what the entries ask for until `timeout_ns` have passed; negative: for ever.
int poll(std::span<pollfd> entries, std::int64_t timeout_ns) noexcept;
/// How many descriptors this process may have.
std::uint64_t open_files_limit() noexcept;
/// Whether a file may grow without bound. A write beyond one brings SIGXFSZ.
bool is_file_size_unlimited() noexcept;

int epoll_create() noexcept;
int epoll_control(int epoll_fd, int operation, int fd, std::uint32_t events,
                  std::uint64_t data) noexcept;
/// To the millisecond.
int epoll_wait(int epoll_fd, epoll_event* events, int size, int timeout_ms) noexcept;
/// To the nanosecond; -ENOSYS where the kernel has no epoll_pwait2.
int epoll_wait_precise(int epoll_fd, epoll_event* events, int size,
                       std::int64_t timeout_ns) noexcept;
int event_fd() noexcept;
int timer_fd() noexcept;
/// As io_uring_setup(2) and its kin, for whose structures see io/uring/abi.hpp.
int ring_setup(unsigned entries, void* parameters) noexcept;
int ring_enter(int fd, unsigned to_submit, unsigned flags) noexcept;
int ring_register(int fd, unsigned operation, void* argument, unsigned count) noexcept;
/// A negative timeout disarms it.
int set_timer_fd(int fd, std::int64_t timeout_ns) noexcept;
std::int64_t monotonic_ns() noexcept;
/// What the calling thread has used of a processor.
std::int64_t thread_cpu_ns() noexcept;
void sleep_until(std::int64_t monotonic_ns) noexcept;

// Memory
/// The address, or a negative errno value.
long map_anonymous(std::size_t size) noexcept;
/// What the driver of a descriptor shares; the address, or a negative errno value.
long map_shared(int fd, std::size_t size, std::int64_t offset) noexcept;
void unmap(void* base, std::size_t size) noexcept;
int guard_install(void* base, std::size_t size) noexcept;
int protect_none(void* base, std::size_t size) noexcept;
void no_huge_pages(void* base, std::size_t size) noexcept;
void drop_pages(void* base, std::size_t size) noexcept;

// Threads
/// So that this process may call the next one.
int register_for_barriers() noexcept;
/// Each thread of the process has passed a full barrier when it returns.
int barrier_in_all_threads() noexcept;
/// The calling thread's number.
int thread_number() noexcept;
/// False: there is no such thread in this process.
bool signal_thread(int thread, int signal) noexcept;
/// The calling thread's timer slack, which delays its sleeps; in nanoseconds.
long timer_slack_ns() noexcept;
void set_timer_slack_ns(long slack) noexcept;
/// The CPUs that the process may use by its affinity mask; at least 1.
unsigned usable_cpus() noexcept;

}  // namespace mioco::detail::sys
