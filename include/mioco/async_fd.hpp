// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <system_error>
#include <utility>

#include <mioco/detail/device_calls.hpp>

namespace mioco {

class async_fd;

/// The standard input, whatever it is: a terminal, a pipe, a file, a socket. Each call makes a new object, with a descriptor of its
/// own. The streams do not buffer, and know nothing of `std::cin` and `std::cout`: flush those before.
///
/// Others may share what is behind a standard stream, such as the shell's terminal, and nothing is changed for them: it is never
/// made non-blocking. A terminal or pipe is opened anew. Where that is not allowed, as after a change of user, a call waits for
/// readiness and then reads or writes once, on a thread of the pool (see `offload`); so do all calls on files.
///
/// A process may be started without the stream, and the number 0 then belongs to something that was opened later. Such a one is known
/// by its being closed on exec. Then the object is without a descriptor: every call gives
/// `std::errc::bad_file_descriptor`. Throws `std::system_error` when there are too few descriptors. Does not block.
[[nodiscard]] async_fd standard_input();
/// The same, with the error in `ec` and no descriptor in the object.
[[nodiscard]] async_fd standard_input(std::error_code& ec);
/// The standard output; all as `standard_input`.
[[nodiscard]] async_fd standard_output();
/// The same, with the error in `ec` and no descriptor in the object.
[[nodiscard]] async_fd standard_output(std::error_code& ec);
/// The standard error; all as `standard_input`.
[[nodiscard]] async_fd standard_error();
/// The same, with the error in `ec` and no descriptor in the object.
[[nodiscard]] async_fd standard_error(std::error_code& ec);

/// Any descriptor that poll(2) can wait for: an eventfd, a signalfd, an inotify instance, a timerfd, a terminal, a socket of a C
/// library's. Move-only; destroying it closes a descriptor that was adopted, and leaves alone one that was borrowed.
///
/// A descriptor is made non-blocking, for all who share its open file, until the object is released or destroyed. But not
/// a terminal, which belongs to other programs too: that is opened anew, or, where that is not allowed, read and written as
/// `standard_input` tells. (The controlling end of a pseudo-terminal is a device as any other.)
///
/// Several objects may use one open file, by descriptors that were duplicated: each waits for itself, and all who wait are told of an
/// event. But the one that was made first, and found it blocking, makes it blocking again when it goes; the calls of those that are
/// left then hold up their threads. So let it go last, or make the open file non-blocking before: then it stays so.
///
/// One `read` is one read(2), and so for `write`: what they mean is the device's matter. A signalfd, for one, wants room for a whole
/// `signalfd_siginfo`. Fibers and threads as for `net::tcp_stream`; see `net::reading` and `net::writing` for what the calls
/// do. The original's `MioAdapter`, since 0.1.
class async_fd : public net::reading<async_fd, detail::device_transfer>,
                 public net::writing<async_fd, detail::device_transfer> {
public:
    /// No descriptor: every call gives `std::errc::bad_file_descriptor`.
    async_fd() noexcept = default;
    /// Takes the other's descriptor; the other has none then.
    async_fd(async_fd&& other) noexcept
        : fd_(std::move(other.fd_)), lent_(std::exchange(other.lent_, -1)) {}
    /// Gives up the own descriptor, as the destructor does, and takes the other's.
    async_fd& operator=(async_fd&& other) noexcept {
        if (this != &other) {
            detail::async_restore(fd_);
            fd_ = std::move(other.fd_);
            lent_ = std::exchange(other.lent_, -1);
        }
        return *this;
    }
    async_fd(const async_fd&) = delete;
    async_fd& operator=(const async_fd&) = delete;
    /// Closes an adopted descriptor. Whichever it was, its open file is blocking again if it was before. Does not block.
    ~async_fd() { detail::async_restore(fd_); }

    /// Takes over an open descriptor. Does not block. Throws `std::system_error`; `fd` then stays the caller's. A regular file, a
    /// folder and a disk give `std::errc::invalid_argument`, as poll(2) calls them ready when they are not: use `fs::file`.
    static async_fd adopt(int fd) { return async_fd(detail::async_adopt(fd, nullptr), -1); }
    /// The same, with the error in `ec` and no descriptor in the object.
    static async_fd adopt(int fd, std::error_code& ec) {
        return async_fd(detail::async_adopt(fd, &ec), -1);
    }
    /// Uses a descriptor that stays the caller's, such as a C library's, who keeps it open as long as the object lives. All else as
    /// `adopt`. It costs a descriptor of its own, so that `close` and events cannot harm the lent one. Lent to several
    /// objects at a time, it is an open file that they share: see above.
    static async_fd borrow(int fd) { return async_fd(detail::async_borrow(fd, nullptr), fd); }
    /// The same, with the error in `ec` and no descriptor in the object.
    static async_fd borrow(int fd, std::error_code& ec) {
        return async_fd(detail::async_borrow(fd, &ec), fd);
    }

    /// Whether there is a descriptor that was not closed by `close`.
    [[nodiscard]] bool is_open() const noexcept { return detail::fd_native(fd_) >= 0; }
    /// The descriptor that was adopted or lent; -1 without one.
    [[nodiscard]] int native_handle() const noexcept {
        const int used = detail::fd_native(fd_);
        return used < 0 || lent_ < 0 ? used : lent_;
    }

    /// Ends its use here, and wakes whoever waits on it with `std::errc::bad_file_descriptor`. An adopted descriptor is closed, a lent
    /// one is not; either one's open file is blocking again if it was before, but for an adopted one of which others have a descriptor
    /// too when there is none left for a moment. Does not block, and is no cancellation point.
    ///
    /// A call that a thread of the pool is making already, as `standard_input` tells, is not woken: the kernel has no means to. It
    /// ends when there is something to read, or room, and gives that error then; what it has read is lost.
    void close() noexcept { detail::async_close(fd_, lent_); }
    /// Gives the descriptor to the caller, blocking if it was so before. The object is left without one. Throws `std::system_error`
    /// (`device_or_resource_busy`) while somebody waits on it.
    int release() { return release_with(nullptr); }
    /// The same, with the error in `ec` and -1 returned.
    int release(std::error_code& ec) { return release_with(&ec); }

    /// Parks the fiber, or blocks the thread, until a read would not have to wait. Nothing is consumed. A cancellation point.
    void wait_readable() const { readable().wait(); }
    /// The same, with the error in `ec`.
    void wait_readable(std::error_code& ec) const { readable().wait(ec); }
    /// Parks the fiber, or blocks the thread, until a write would not have to wait. A cancellation point.
    void wait_writable() const { writable().wait(); }
    /// The same, with the error in `ec`.
    void wait_writable(std::error_code& ec) const { writable().wait(ec); }

    /// Readiness in either direction, as a case of `select`; its result tells in which. Valid while this object lives and stays
    /// where it is.
    [[nodiscard]] net::io_both_case ready() const noexcept { return net::io_both_case(fd_); }

private:
    friend struct detail::fd_access;
    friend async_fd standard_input();
    friend async_fd standard_input(std::error_code& ec);
    friend async_fd standard_output();
    friend async_fd standard_output(std::error_code& ec);
    friend async_fd standard_error();
    friend async_fd standard_error(std::error_code& ec);
    int release_with(std::error_code* ec) {
        if (lent_ < 0) return detail::fd_release(fd_, ec);
        return detail::async_end_loan(fd_, ec) ? std::exchange(lent_, -1) : -1;
    }
    async_fd(detail::fd_ref fd, int lent) noexcept
        : fd_(std::move(fd)), lent_(fd_.get() == nullptr ? -1 : lent) {}

    detail::fd_ref fd_;
    int lent_ = -1;  // in whose place another one is used
};

}  // namespace mioco
