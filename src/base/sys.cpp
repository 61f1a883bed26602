// SPDX-License-Identifier: MPL-2.0
#include "base/sys.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <span>

#include <fcntl.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/checked.hpp"
#include "base/keeping_errno.hpp"
#include "context/sanitizer.hpp"

namespace mioco::detail::sys {

namespace {

timespec to_timespec(std::int64_t ns) noexcept {
    constexpr std::int64_t second = 1'000'000'000;
    return {static_cast<time_t>(ns / second), static_cast<long>(ns % second)};
}

}  // namespace

ssize_t read(int fd, void* into, std::size_t size) noexcept {
    return checked(::read(fd, into, size));
}

ssize_t write(int fd, const void* from, std::size_t size) noexcept {
    return checked(::write(fd, from, size));
}

ssize_t read_into(int fd, const iovec* into, std::size_t count) noexcept {
    return checked(::readv(fd, into, static_cast<int>(count)));
}

namespace {

// The signal goes to the thread that writes. So it is blocked there, and taken away if the write brought it: when it failed, or moved
// less than was asked for, as the reader may have gone in the middle. Where it was blocked before, one that was pending before
// stays.
template <class Call>
ssize_t blocking_sigpipe(std::size_t asked, Call call) noexcept {
    sigset_t sigpipe;
    sigset_t mask;
    ::sigemptyset(&sigpipe);
    ::sigaddset(&sigpipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &sigpipe, &mask);
    sigset_t pending;
    ::sigemptyset(&pending);
    if (::sigismember(&mask, SIGPIPE) == 1) ::sigpending(&pending);
    const ssize_t result = checked(call());
    const bool fell_short = result > 0 && static_cast<std::size_t>(result) < asked;
    if ((result == -EPIPE || fell_short) && ::sigismember(&pending, SIGPIPE) != 1) {
        constexpr timespec at_once{};
        while (checked(::sigtimedwait(&sigpipe, nullptr, &at_once)) == -EINTR) {
        }
    }
    ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    return result;
}

}  // namespace

ssize_t write_blocking_sigpipe(int fd, const iovec* from, std::size_t count) noexcept {
    std::size_t asked = 0;
    for (const iovec& part : std::span(from, count)) asked += part.iov_len;
    return blocking_sigpipe(asked, [=] { return ::writev(fd, from, static_cast<int>(count)); });
}

namespace {

ssize_t splice_now(int from, int to, std::size_t most) noexcept {
    return ::splice(from, nullptr, to, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

}  // namespace

ssize_t splice(int from, int to, std::size_t most) noexcept {
    return blocking_sigpipe(most, [=] { return splice_now(from, to, most); });
}

ssize_t fill_own_pipe(int from, int pipe, std::size_t most) noexcept {
    return checked(splice_now(from, pipe, most));
}

ssize_t send_file(int file, int to, std::size_t most) noexcept {
    return blocking_sigpipe(most, [=] { return ::sendfile(to, file, nullptr, most); });
}

#if !defined(MIOCO_TSAN)  // which does not see this call, and so would not see what it orders
namespace {

ssize_t write_without_signal(int fd, const iovec* from, std::size_t count) noexcept {
    constexpr int rwf_nosignal = 0x100;  // newer than the headers; of Linux 6.18
    return checked(::pwritev2(fd, from, static_cast<int>(count), -1, rwf_nosignal));
}

bool is_unsupported(ssize_t result) noexcept { return result == -EOPNOTSUPP || result == -ENOSYS; }

enum class support : unsigned char { untold, known, unknown };

// An eventfd, for one, takes no flags at all: so a pipe is asked what the kernel knows.
support ask_a_pipe() noexcept {
    int ends[2];
    if (pipe(ends) < 0) return support::untold;
    char byte = 0;
    const iovec one{&byte, 1};
    const ssize_t result = write_without_signal(ends[1], &one, 1);
    for (const int end : ends) close(end);
    return is_unsupported(result) ? support::unknown : support::known;
}

}  // namespace
#endif

ssize_t write_quietly(int fd, const iovec* from, std::size_t count) noexcept {
#if !defined(MIOCO_TSAN)
    static std::atomic<support> found{support::untold};
    if (found.load(std::memory_order_relaxed) != support::unknown) {
        const ssize_t result = write_without_signal(fd, from, count);
        if (!is_unsupported(result)) return result;
        if (found.load(std::memory_order_relaxed) == support::untold)
            found.store(ask_a_pipe(), std::memory_order_relaxed);
    }
#endif
    return write_blocking_sigpipe(fd, from, count);
}

ssize_t library_receive(int fd, void* into, std::size_t size) noexcept {
    return checked(::recv(fd, into, size, 0));
}

ssize_t library_send(int fd, const void* from, std::size_t size) noexcept {
    return checked(::send(fd, from, size, MSG_NOSIGNAL));
}

ssize_t library_read_at_once(int fd, const iovec& into, std::int64_t offset) noexcept {
    return checked(::preadv2(fd, &into, 1, offset, RWF_NOWAIT));
}

ssize_t receive_at_once(int fd, void* into, std::size_t size) noexcept {
    return checked(::recv(fd, into, size, MSG_DONTWAIT));
}

ssize_t send_at_once(int fd, const void* from, std::size_t size) noexcept {
    return checked(::send(fd, from, size, MSG_DONTWAIT | MSG_NOSIGNAL));
}

ssize_t receive_message(int fd, msghdr& message) noexcept {
    return checked(::recvmsg(fd, &message, MSG_CMSG_CLOEXEC));
}

ssize_t send_message(int fd, const msghdr& message) noexcept {
    return checked(::sendmsg(fd, &message, MSG_NOSIGNAL));
}

int receive_messages(int fd, mmsghdr* messages, unsigned count) noexcept {
    return checked(::recvmmsg(fd, messages, count, MSG_CMSG_CLOEXEC, nullptr));
}

int send_messages(int fd, mmsghdr* messages, unsigned count) noexcept {
    return checked(::sendmmsg(fd, messages, count, MSG_NOSIGNAL));
}

int socket(int family, int type) noexcept {
    return checked(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int socket_pair(int family, int type, int (&ends)[2]) noexcept {
    return checked(::socketpair(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends));
}

int pipe(int (&ends)[2]) noexcept { return checked(::pipe2(ends, O_NONBLOCK | O_CLOEXEC)); }

int pipe_capacity(int fd) noexcept { return checked(::fcntl(fd, F_GETPIPE_SZ)); }

int set_pipe_capacity(int fd, int size) noexcept {
    return checked(::fcntl(fd, F_SETPIPE_SZ, size));
}

int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
    return checked(::bind(fd, address, size));
}

int listen(int fd, int backlog) noexcept { return checked(::listen(fd, backlog)); }

int accept(int fd, sockaddr* peer, socklen_t* size) noexcept {
    return checked(::accept4(fd, peer, size, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

int connect(int fd, const sockaddr* address, socklen_t size) noexcept {
    return checked(::connect(fd, address, size));
}

int shutdown(int fd, int how) noexcept { return checked(::shutdown(fd, how)); }

int get_option(int fd, int level, int name, void* value, socklen_t* size) noexcept {
    return checked(::getsockopt(fd, level, name, value, size));
}

int set_option(int fd, int level, int name, const void* value, socklen_t size) noexcept {
    return checked(::setsockopt(fd, level, name, value, size));
}

int local_name(int fd, sockaddr* address, socklen_t* size) noexcept {
    return checked(::getsockname(fd, address, size));
}

int peer_name(int fd, sockaddr* address, socklen_t* size) noexcept {
    return checked(::getpeername(fd, address, size));
}

int file_status_flags(int fd) noexcept { return checked(::fcntl(fd, F_GETFL)); }

int set_file_status_flags(int fd, int flags) noexcept {
    return checked(::fcntl(fd, F_SETFL, flags));
}

int descriptor_flags(int fd) noexcept { return checked(::fcntl(fd, F_GETFD)); }

int set_descriptor_flags(int fd, int flags) noexcept {
    return checked(::fcntl(fd, F_SETFD, flags));
}

int replace_fd(int source, int target) noexcept {
    return checked(::dup3(source, target, O_CLOEXEC));
}

int duplicate(int fd) noexcept { return checked(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)); }

int reopen(int fd) noexcept {
    const int flags = file_status_flags(fd);
    if (flags < 0) return flags;
    char path[32];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const int kept = flags & (O_ACCMODE | O_APPEND);
    return checked(::open(path, kept | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

bool is_terminal(int fd) noexcept {
    termios settings{};
    unsigned number = 0;
    return ::tcgetattr(fd, &settings) == 0 && ::ioctl(fd, TIOCGPTN, &number) != 0;
}

void close(int fd) noexcept { ::close(fd); }

int open(const char* path, int flags, unsigned mode) noexcept {
    return checked(::open(path, flags | O_CLOEXEC, mode));
}

ssize_t read_at(int fd, void* into, std::size_t size, std::uint64_t offset) noexcept {
    return checked(::pread(fd, into, size, static_cast<off_t>(offset)));
}

ssize_t write_at(int fd, const void* from, std::size_t size, std::uint64_t offset) noexcept {
    return checked(::pwrite(fd, from, size, static_cast<off_t>(offset)));
}

ssize_t read_into_at(int fd, const iovec* into, std::size_t count, std::uint64_t offset) noexcept {
    return checked(::preadv(fd, into, static_cast<int>(count), static_cast<off_t>(offset)));
}

ssize_t write_from(int fd, const iovec* from, std::size_t count) noexcept {
    return checked(::writev(fd, from, static_cast<int>(count)));
}

ssize_t write_from_at(int fd, const iovec* from, std::size_t count, std::uint64_t offset) noexcept {
    return checked(::pwritev(fd, from, static_cast<int>(count), static_cast<off_t>(offset)));
}

std::int64_t seek(int fd, std::int64_t offset, int origin) noexcept {
    return checked(std::int64_t{::lseek(fd, offset, origin)});
}

std::int64_t file_size(int fd) noexcept {
    struct stat status{};
    const int failure = checked(::fstat(fd, &status));
    return failure < 0 ? failure : std::int64_t{status.st_size};
}

int sync(int fd) noexcept { return checked(::fsync(fd)); }

int sync_data(int fd) noexcept { return checked(::fdatasync(fd)); }

// Linux frees the descriptor whatever it returns.
int close_checked(int fd) noexcept { return checked(::close(fd)); }

int file_status(int fd, struct stat& status) noexcept { return checked(::fstat(fd, &status)); }

// A sandbox may not know statx(2), to which AT_FDCWD would be the working directory.
int file_type(int fd) noexcept {
    if (fd < 0) return -EBADF;
    struct statx found{};
    if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &found) == 0)
        return found.stx_mode & S_IFMT;
    struct stat status{};
    const int failure = file_status(fd, status);
    return failure < 0 ? failure : static_cast<int>(status.st_mode & S_IFMT);
}

int poll_one(int fd, short events, short& revents) noexcept {
    pollfd entry{fd, events, 0};
    const int result = checked(::poll(&entry, 1, 0));
    revents = entry.revents;
    return result;
}

int poll(std::span<pollfd> entries, std::int64_t timeout_ns) noexcept {
    const timespec timeout = to_timespec(timeout_ns);
    return checked(
        ::ppoll(entries.data(), entries.size(), timeout_ns < 0 ? nullptr : &timeout, nullptr));
}

std::uint64_t open_files_limit() noexcept {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

bool is_file_size_unlimited() noexcept {
    rlimit limit{};
    return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

int look_up(const char* host, const char* service, const addrinfo& hints,
            addrinfo*& found) noexcept {
    const int failure = ::getaddrinfo(host, service, &hints, &found);
    return failure == EAI_SYSTEM ? errno : failure;
}

void free_found(addrinfo* found) noexcept { ::freeaddrinfo(found); }

int epoll_create() noexcept { return checked(::epoll_create1(EPOLL_CLOEXEC)); }

int epoll_control(int epoll_fd, int operation, int fd, std::uint32_t events,
                  std::uint64_t data) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.u64 = data;
    return checked(::epoll_ctl(epoll_fd, operation, fd, &event));
}

int epoll_wait(int epoll_fd, epoll_event* events, int size, int timeout_ms) noexcept {
    return checked(::epoll_wait(epoll_fd, events, size, timeout_ms));
}

int epoll_wait_precise(int epoll_fd, epoll_event* events, int size,
                       std::int64_t timeout_ns) noexcept {
    const timespec timeout = to_timespec(timeout_ns);
    return checked(
        ::epoll_pwait2(epoll_fd, events, size, timeout_ns < 0 ? nullptr : &timeout, nullptr));
}

int event_fd() noexcept { return checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); }

int timer_fd() noexcept {
    return checked(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
}

int ring_setup(unsigned entries, void* parameters) noexcept {
    return static_cast<int>(checked(::syscall(SYS_io_uring_setup, entries, parameters)));
}

int ring_enter(int fd, unsigned to_submit, unsigned flags) noexcept {
    constexpr unsigned completions_to_wait_for = 0;
    constexpr const void* no_signal_mask = nullptr;
    return static_cast<int>(checked(::syscall(SYS_io_uring_enter, fd, to_submit,
                                              completions_to_wait_for, flags, no_signal_mask, 0)));
}

int ring_register(int fd, unsigned operation, void* argument, unsigned count) noexcept {
    return static_cast<int>(
        checked(::syscall(SYS_io_uring_register, fd, operation, argument, count)));
}

int set_timer_fd(int fd, std::int64_t timeout_ns) noexcept {
    // All zero would disarm it, which is what a timeout in the past must not do.
    const itimerspec timer{
        {}, timeout_ns < 0 ? timespec{} : to_timespec(timeout_ns == 0 ? 1 : timeout_ns)};
    return checked(::timerfd_settime(fd, 0, &timer, nullptr));
}

std::int64_t monotonic_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::int64_t thread_cpu_ns() noexcept {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
}

void sleep_until(std::int64_t monotonic_ns) noexcept {
    const timespec until = to_timespec(monotonic_ns);
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
}

long map_anonymous(std::size_t size) noexcept {
    void* const base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return base == MAP_FAILED ? -long{errno} : reinterpret_cast<long>(base);
}

long map_shared(int fd, std::size_t size, std::int64_t offset) noexcept {
    void* const base =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
    return base == MAP_FAILED ? -long{errno} : reinterpret_cast<long>(base);
}

void unmap(void* base, std::size_t size) noexcept { ::munmap(base, size); }

int guard_install(void* base, std::size_t size) noexcept {
    constexpr int madv_guard_install = 102;  // newer than the headers
    return checked(::madvise(base, size, madv_guard_install));
}

int protect_none(void* base, std::size_t size) noexcept {
    return checked(::mprotect(base, size, PROT_NONE));
}

void no_huge_pages(void* base, std::size_t size) noexcept {
    ::madvise(base, size, MADV_NOHUGEPAGE);
}

void drop_pages(void* base, std::size_t size) noexcept { ::madvise(base, size, MADV_DONTNEED); }

int register_for_barriers() noexcept {
    return static_cast<int>(
        checked(::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0)));
}

int barrier_in_all_threads() noexcept {
    return static_cast<int>(
        checked(::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0)));
}

long timer_slack_ns() noexcept { return ::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0); }

void set_timer_slack_ns(long slack) noexcept { ::prctl(PR_SET_TIMERSLACK, slack, 0, 0, 0); }

unsigned usable_cpus() noexcept {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;  // more CPUs than the set has room for
    return static_cast<unsigned>(CPU_COUNT(&set));
}

}  // namespace mioco::detail::sys

namespace mioco::detail {

keeping_errno::keeping_errno() noexcept : before_(errno) {}
keeping_errno::~keeping_errno() { errno = before_; }

}  // namespace mioco::detail
