// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <system_error>

#include <sys/uio.h>

#include <mioco/byte_range.hpp>
#include <mioco/detail/fd_ref.hpp>
#include <mioco/detail/io_arm.hpp>
#include <mioco/detail/io_result.hpp>
#include <mioco/net/endpoint.hpp>
#include <mioco/net/leased_bytes.hpp>
#include <mioco/net/socket_option.hpp>

// What streams, their halves and pipes share: the calls on a descriptor, and those calls as mix-ins. What does the work is
// instantiated in the library alone. Those of every message return a count or a negative errno value (see io_result.hpp); the others
// take an error_code that is null for "throw".

namespace mioco::detail {

struct socket_transfer;  // recv(2) and send(2)
struct file_transfer;    // read(2) and write(2), for pipes

struct leased {
    std::byte* buffer;
    ssize_t count;  // of the bytes in it; without one, 0 or a negative errno value
};

/// Reading and writing a stream of bytes. `Transfer` is which system calls that comes to.
template <class Transfer>
struct stream_calls {
    static ssize_t receive(const fd_ref& fd, bytes into);
    /// The first attempt, and what is to be done when it has failed with `first`. Apart, so that the first keeps nothing for the
    /// second. Of something: an empty send would take an error of the connection away.
    static ssize_t send_first(const fd_ref& fd, const_bytes from);
    static ssize_t send_again(const fd_ref& fd, const_bytes from, ssize_t first);
    static leased receive_leased(const fd_ref& fd);
    /// What is to be done when the first send of a `write_all` has not sent all, but returned `first`.
    static std::size_t write_rest(const fd_ref& fd, const_bytes from, ssize_t first,
                                  std::error_code* ec);

    static std::size_t read_exactly(const fd_ref& fd, bytes into, std::error_code* ec);
    static std::size_t readv(const fd_ref& fd, std::span<const iovec> into, std::error_code* ec);
    static std::optional<std::size_t> try_read(const fd_ref& fd, bytes into, std::error_code* ec);
    static std::size_t writev(const fd_ref& fd, std::span<const iovec> from, std::error_code* ec);
    static std::optional<std::size_t> try_write(const fd_ref& fd, const_bytes from,
                                                std::error_code* ec);

    static ssize_t send(const fd_ref& fd, const_bytes from) {
        if (from.empty()) return 0;
        const ssize_t count = send_first(fd, from);
        if (count < 0) [[unlikely]]
            return send_again(fd, from, count);
        return count;
    }
    static std::size_t read(const fd_ref& fd, bytes into, std::error_code* ec) {
        return finish(receive(fd, into), "read", ec);
    }
    static net::leased_bytes read_lease(const fd_ref& fd, std::error_code* ec) {
        const leased got = receive_leased(fd);
        finish(got.count, "read_lease", ec);
        return lease_access::make(got.buffer,
                                  got.buffer == nullptr ? 0 : static_cast<std::size_t>(got.count));
    }
    static std::size_t write(const fd_ref& fd, const_bytes from, std::error_code* ec) {
        return finish(send(fd, from), "write", ec);
    }
    static std::size_t write_all(const fd_ref& fd, const_bytes from, std::error_code* ec) {
        const ssize_t count = from.empty() ? 0 : send_first(fd, from);
        if (count != static_cast<ssize_t>(from.size())) [[unlikely]]
            return write_rest(fd, from, count, ec);
        clear(ec);
        return from.size();
    }
};

extern template struct stream_calls<socket_transfer>;
extern template struct stream_calls<file_transfer>;

void socket_wait(const fd_ref& fd, net::direction which, std::error_code* ec);
void socket_shutdown(const fd_ref& fd, net::direction which, std::error_code* ec);
/// Tells the peer that no more comes, if the connection is not over already.
void socket_end_writing(const fd_ref& fd) noexcept;
void socket_set_option(const fd_ref& fd, int level, int name, const void* value, socklen_t size,
                       std::error_code* ec);
void socket_get_option(const fd_ref& fd, int level, int name, void* value, socklen_t size,
                       std::error_code* ec);
void socket_keepalive(const fd_ref& fd, const net::keepalive_options& options, std::error_code* ec);
net::endpoint socket_local(const fd_ref& fd, std::error_code* ec);

struct io_case_access;

}  // namespace mioco::detail

namespace mioco::net {

/// "This descriptor is ready in that direction", as something to wait for.
class io_case {
public:
    /// For `select`. Its result is `std::monostate`.
    class select_arm_type : public detail::io_arm {
    public:
        /// Of that case.
        explicit select_arm_type(const io_case& from) noexcept
            : io_arm(*from.fd_, from.which_ == direction::read ? detail::io_ways::reading
                                                               : detail::io_ways::writing) {}
        /// Nothing: the descriptor is for the call that follows.
        void take() {}
    };

    /// Parks the fiber, or blocks the thread, until a call in this direction would not have to wait: there is data, room, the
    /// end of the stream, or an error for the call to report. Nothing is consumed. `close` by another fiber wakes it with
    /// `std::errc::bad_file_descriptor`. A cancellation point.
    void wait() const { detail::socket_wait(*fd_, which_, nullptr); }
    /// The same, with the error in `ec`.
    void wait(std::error_code& ec) const { detail::socket_wait(*fd_, which_, &ec); }

private:
    friend struct detail::io_case_access;
    io_case(const detail::fd_ref& fd, direction which) noexcept : fd_(&fd), which_(which) {}

    const detail::fd_ref* fd_;
    direction which_;
};

/// In which directions a descriptor is ready.
struct readiness {
    bool readable;  ///< A read would not have to wait.
    bool writable;  ///< A write would not have to wait.
};

/// "This descriptor is ready in either direction", as a case of `select`, whose result tells in which.
class io_both_case {
public:
    /// For `select`.
    class select_arm_type : public detail::io_arm {
    public:
        /// Of that case.
        explicit select_arm_type(const io_both_case& from) noexcept
            : io_arm(*from.fd_, detail::io_ways::both) {}
        /// What was found.
        [[nodiscard]] readiness take() const noexcept {
            return {ready() != detail::io_ways::writing, ready() != detail::io_ways::reading};
        }
    };

    /// Of that descriptor.
    explicit io_both_case(const detail::fd_ref& fd) noexcept : fd_(&fd) {}

private:
    const detail::fd_ref* fd_;
};

}  // namespace mioco::net

namespace mioco::detail {

struct io_case_access {
    static net::io_case make(const fd_ref& fd, net::direction which) noexcept {
        return {fd, which};
    }
};

}  // namespace mioco::detail

namespace mioco::net {

/// The reading calls of a stream of bytes, in `tcp_stream`, `unix_stream`, their reading halves, and `pipe_reader`.
///
/// All of them: inside a fiber they park it until the kernel has data, outside they block the thread. They are cancellation
/// points: a cancelled call has read nothing. The peer's orderly close reads as 0 bytes. Errors are thrown as
/// `std::system_error`, or set in `ec`. One fiber at a time reads; a second one waits its turn. `close` by another fiber
/// wakes a waiting one with `std::errc::bad_file_descriptor`.
template <class Self, class Transfer = detail::socket_transfer>
class reading {
    using calls = detail::stream_calls<Transfer>;

public:
    /// Reads what is there, at least one byte unless the peer has closed or the buffer is empty; returns the count. In the original since 0.1.
    template <mutable_byte_range B>
    std::size_t read(B&& into) {
        return calls::read(fd(), detail::writable_bytes_of(into), nullptr);
    }
    /// The same, with the error in `ec`.
    template <mutable_byte_range B>
    std::size_t read(B&& into, std::error_code& ec) {
        return calls::read(fd(), detail::writable_bytes_of(into), &ec);
    }

    /// Fills the buffer. Throws `io_error`, which holds the count so far; `errc::end_of_stream` if the peer closed first.
    template <mutable_byte_range B>
    void read_exactly(B&& into) {
        calls::read_exactly(fd(), detail::writable_bytes_of(into), nullptr);
    }
    /// The same, with the error in `ec`; returns how many bytes were read.
    template <mutable_byte_range B>
    std::size_t read_exactly(B&& into, std::error_code& ec) {
        return calls::read_exactly(fd(), detail::writable_bytes_of(into), &ec);
    }

    /// Reads into several buffers, filling one after the other; returns the count of all.
    std::size_t readv(std::span<const iovec> into) { return calls::readv(fd(), into, nullptr); }
    /// The same, with the error in `ec`.
    std::size_t readv(std::span<const iovec> into, std::error_code& ec) {
        return calls::readv(fd(), into, &ec);
    }

    /// Reads what is there now; nothing if a read would have to wait. Never blocks, and is no cancellation point. In the original since 0.2.
    template <mutable_byte_range B>
    std::optional<std::size_t> try_read(B&& into) {
        return calls::try_read(fd(), detail::writable_bytes_of(into), nullptr);
    }
    /// The same, with the error in `ec`.
    template <mutable_byte_range B>
    std::optional<std::size_t> try_read(B&& into, std::error_code& ec) {
        return calls::try_read(fd(), detail::writable_bytes_of(into), &ec);
    }

    /// Reads what is there, up to `leased_bytes::usual_bytes`, into a buffer that the runtime lends: empty when the peer has closed.
    /// In a fiber, the first read of a stream, and those after a read that filled its buffer, have up to four times as much, and so on
    /// up to `leased_bytes::capacity_bytes`; after small reads they shrink again. While it waits it holds no buffer, so an idle
    /// connection costs little.
    leased_bytes read_lease() { return calls::read_lease(fd(), nullptr); }
    /// The same, with the error in `ec`.
    leased_bytes read_lease(std::error_code& ec) { return calls::read_lease(fd(), &ec); }

    /// Readiness for reading, to wait for. Valid while this object lives and stays where it is.
    [[nodiscard]] io_case readable() const noexcept {
        return detail::io_case_access::make(fd(), direction::read);
    }

private:
    [[nodiscard]] const detail::fd_ref& fd() const noexcept {
        return detail::fd_access::of(static_cast<const Self&>(*this));
    }
};

/// The writing calls of a stream of bytes, in `tcp_stream`, `unix_stream`, their writing halves, and `pipe_writer`.
///
/// All of them: inside a fiber they park it until the kernel has room, outside they block the thread. They are cancellation
/// points. A write to what nobody reads any more gives `std::errc::broken_pipe`, never SIGPIPE. One fiber at
/// a time writes; a second one waits its turn, and may then write between the parts of a `write_all`.
template <class Self, class Transfer = detail::socket_transfer>
class writing {
    using calls = detail::stream_calls<Transfer>;

public:
    /// Writes what there is room for, at least one byte unless `from` is empty; returns the count. In the original since 0.1.
    template <byte_range B>
    std::size_t write(const B& from) {
        return calls::write(fd(), detail::bytes_of(from), nullptr);
    }
    /// The same, with the error in `ec`.
    template <byte_range B>
    std::size_t write(const B& from, std::error_code& ec) {
        return calls::write(fd(), detail::bytes_of(from), &ec);
    }

    /// Writes all of it. Throws `io_error`, which holds the count so far.
    template <byte_range B>
    void write_all(const B& from) {
        calls::write_all(fd(), detail::bytes_of(from), nullptr);
    }
    /// The same, with the error in `ec`; returns how many bytes were written, also when cancelled.
    template <byte_range B>
    std::size_t write_all(const B& from, std::error_code& ec) {
        return calls::write_all(fd(), detail::bytes_of(from), &ec);
    }

    /// Writes from several buffers in one call; returns the count of all.
    std::size_t writev(std::span<const iovec> from) { return calls::writev(fd(), from, nullptr); }
    /// The same, with the error in `ec`.
    std::size_t writev(std::span<const iovec> from, std::error_code& ec) {
        return calls::writev(fd(), from, &ec);
    }

    /// Writes what there is room for now; nothing if a write would have to wait. Never blocks, and is no cancellation point.
    /// In the original since 0.2.
    template <byte_range B>
    std::optional<std::size_t> try_write(const B& from) {
        return calls::try_write(fd(), detail::bytes_of(from), nullptr);
    }
    /// The same, with the error in `ec`.
    template <byte_range B>
    std::optional<std::size_t> try_write(const B& from, std::error_code& ec) {
        return calls::try_write(fd(), detail::bytes_of(from), &ec);
    }

    /// Readiness for writing, to wait for. Valid while this object lives and stays where it is.
    [[nodiscard]] io_case writable() const noexcept {
        return detail::io_case_access::make(fd(), direction::write);
    }

private:
    [[nodiscard]] const detail::fd_ref& fd() const noexcept {
        return detail::fd_access::of(static_cast<const Self&>(*this));
    }
};

}  // namespace mioco::net
