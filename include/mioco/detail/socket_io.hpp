// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include <sys/uio.h>

#include <mioco/byte_range.hpp>
#include <mioco/detail/io_arm.hpp>
#include <mioco/detail/io_result.hpp>
#include <mioco/net/endpoint.hpp>
#include <mioco/net/leased_bytes.hpp>
#include <mioco/net/socket_option.hpp>

// What streams and their halves share: the reference to the descriptor, and the calls on it as mix-ins. The calls that
// do the work are no templates. Those of every message return a count or a negative errno value (see io_result.hpp); the others
// take an error_code that is null for "throw".

namespace mioco::detail {

struct fd_object;

/// A counted reference to an open descriptor.
class fd_ref {
public:
    fd_ref() noexcept = default;
    explicit fd_ref(fd_object& counted) noexcept : object_(&counted) {}
    fd_ref(fd_ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    fd_ref& operator=(fd_ref&& other) noexcept {
        if (this != &other) {
            reset();
            object_ = std::exchange(other.object_, nullptr);
        }
        return *this;
    }
    fd_ref(const fd_ref&) = delete;
    fd_ref& operator=(const fd_ref&) = delete;
    ~fd_ref() { reset(); }

    void reset() noexcept;
    /// The object no longer holds a descriptor that was this reference's.
    void forget() noexcept { object_ = nullptr; }
    [[nodiscard]] fd_ref share() const noexcept;
    [[nodiscard]] fd_object* get() const noexcept { return object_; }

private:
    fd_object* object_ = nullptr;
};

using bytes = std::span<std::byte>;
using const_bytes = std::span<const std::byte>;

ssize_t socket_receive(const fd_ref& fd, bytes into);
/// The first attempt, and what is to be done when it has failed with `first`. Apart, so that the first keeps nothing for the second.
/// Of something: an empty send would take an error of the connection away.
ssize_t socket_send_first(const fd_ref& fd, const_bytes from);
ssize_t socket_send_again(const fd_ref& fd, const_bytes from, ssize_t first);
inline ssize_t socket_send(const fd_ref& fd, const_bytes from) {
    if (from.empty()) return 0;
    const ssize_t count = socket_send_first(fd, from);
    if (count < 0) [[unlikely]]
        return socket_send_again(fd, from, count);
    return count;
}
struct leased {
    std::byte* buffer;
    ssize_t count;  // of the bytes in it; without one, 0 or a negative errno value
};
leased socket_receive_leased(const fd_ref& fd);
std::size_t socket_read_exactly(const fd_ref& fd, bytes into, std::error_code* ec);
std::size_t socket_readv(const fd_ref& fd, std::span<const iovec> into, std::error_code* ec);
std::optional<std::size_t> socket_try_read(const fd_ref& fd, bytes into, std::error_code* ec);
/// What is to be done when the first `socket_send` of a `write_all` has not sent all, but returned `first`.
std::size_t socket_write_rest(const fd_ref& fd, const_bytes from, ssize_t first,
                              std::error_code* ec);
std::size_t socket_writev(const fd_ref& fd, std::span<const iovec> from, std::error_code* ec);
std::optional<std::size_t> socket_try_write(const fd_ref& fd, const_bytes from,
                                            std::error_code* ec);
void socket_wait(const fd_ref& fd, net::direction which, std::error_code* ec);
void socket_shutdown(const fd_ref& fd, net::direction which, std::error_code* ec);
void socket_set_option(const fd_ref& fd, int level, int name, const void* value, socklen_t size,
                       std::error_code* ec);
void socket_get_option(const fd_ref& fd, int level, int name, void* value, socklen_t size,
                       std::error_code* ec);
void socket_keepalive(const fd_ref& fd, const net::keepalive_options& options, std::error_code* ec);
net::endpoint socket_local(const fd_ref& fd);
void socket_close(fd_ref& fd) noexcept;
int socket_release(fd_ref& fd);
int socket_native(const fd_ref& fd) noexcept;

inline std::size_t socket_read(const fd_ref& fd, bytes into, std::error_code* ec) {
    return finish(socket_receive(fd, into), "read", ec);
}

inline net::leased_bytes socket_read_lease(const fd_ref& fd, std::error_code* ec) {
    const leased got = socket_receive_leased(fd);
    finish(got.count, "read_lease", ec);
    return lease_access::make(got.buffer,
                              got.buffer == nullptr ? 0 : static_cast<std::size_t>(got.count));
}

inline std::size_t socket_write(const fd_ref& fd, const_bytes from, std::error_code* ec) {
    return finish(socket_send(fd, from), "write", ec);
}

inline std::size_t socket_write_all(const fd_ref& fd, const_bytes from, std::error_code* ec) {
    const ssize_t count = from.empty() ? 0 : socket_send_first(fd, from);
    if (count != static_cast<ssize_t>(from.size())) [[unlikely]]
        return socket_write_rest(fd, from, count, ec);
    clear(ec);
    return from.size();
}

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
    template <class>
    friend class reading;
    template <class>
    friend class writing;
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

/// The reading calls of a stream, in `tcp_stream` and `read_half`.
///
/// All of them: inside a fiber they park it until the kernel has data, outside they block the thread. They are cancellation
/// points: a cancelled call has read nothing. The peer's orderly close reads as 0 bytes. Errors are thrown as
/// `std::system_error`, or set in `ec`. One fiber at a time reads; a second one waits its turn. `close` by another fiber
/// wakes a waiting one with `std::errc::bad_file_descriptor`.
template <class Self>
class reading {
public:
    /// Reads what is there, at least one byte unless the peer has closed or the buffer is empty; returns the count. Since 0.1.
    template <mutable_byte_range B>
    std::size_t read(B&& into) {
        return detail::socket_read(fd(), detail::writable_bytes_of(into), nullptr);
    }
    /// The same, with the error in `ec`.
    template <mutable_byte_range B>
    std::size_t read(B&& into, std::error_code& ec) {
        return detail::socket_read(fd(), detail::writable_bytes_of(into), &ec);
    }

    /// Fills the buffer. Throws `io_error`, which holds the count so far; `errc::end_of_stream` if the peer closed first.
    template <mutable_byte_range B>
    void read_exactly(B&& into) {
        detail::socket_read_exactly(fd(), detail::writable_bytes_of(into), nullptr);
    }
    /// The same, with the error in `ec`; returns how many bytes were read.
    template <mutable_byte_range B>
    std::size_t read_exactly(B&& into, std::error_code& ec) {
        return detail::socket_read_exactly(fd(), detail::writable_bytes_of(into), &ec);
    }

    /// Reads into several buffers, filling one after the other; returns the count of all.
    std::size_t readv(std::span<const iovec> into) {
        return detail::socket_readv(fd(), into, nullptr);
    }
    /// The same, with the error in `ec`.
    std::size_t readv(std::span<const iovec> into, std::error_code& ec) {
        return detail::socket_readv(fd(), into, &ec);
    }

    /// Reads what is there now; nothing if a read would have to wait. Never blocks, and is no cancellation point. Since 0.2.
    template <mutable_byte_range B>
    std::optional<std::size_t> try_read(B&& into) {
        return detail::socket_try_read(fd(), detail::writable_bytes_of(into), nullptr);
    }
    /// The same, with the error in `ec`.
    template <mutable_byte_range B>
    std::optional<std::size_t> try_read(B&& into, std::error_code& ec) {
        return detail::socket_try_read(fd(), detail::writable_bytes_of(into), &ec);
    }

    /// Reads up to `leased_bytes::capacity_bytes` into a buffer that the runtime lends: empty when the peer has closed.
    /// While it waits it holds no buffer, so an idle connection costs little.
    leased_bytes read_lease() { return detail::socket_read_lease(fd(), nullptr); }
    /// The same, with the error in `ec`.
    leased_bytes read_lease(std::error_code& ec) { return detail::socket_read_lease(fd(), &ec); }

    /// Readiness for reading, to wait for. Valid while this object lives and stays where it is.
    [[nodiscard]] io_case readable() const noexcept { return {fd(), direction::read}; }

private:
    [[nodiscard]] const detail::fd_ref& fd() const noexcept {
        return static_cast<const Self*>(this)->fd_;
    }
};

/// The writing calls of a stream, in `tcp_stream` and `write_half`.
///
/// All of them: inside a fiber they park it until the kernel has room, outside they block the thread. They are cancellation
/// points. A write to a connection that the peer has reset gives `std::errc::broken_pipe`, never SIGPIPE. One fiber at
/// a time writes; a second one waits its turn, and may then write between the parts of a `write_all`.
template <class Self>
class writing {
public:
    /// Writes what there is room for, at least one byte unless `from` is empty; returns the count. Since 0.1.
    template <byte_range B>
    std::size_t write(const B& from) {
        return detail::socket_write(fd(), detail::bytes_of(from), nullptr);
    }
    /// The same, with the error in `ec`.
    template <byte_range B>
    std::size_t write(const B& from, std::error_code& ec) {
        return detail::socket_write(fd(), detail::bytes_of(from), &ec);
    }

    /// Writes all of it. Throws `io_error`, which holds the count so far.
    template <byte_range B>
    void write_all(const B& from) {
        detail::socket_write_all(fd(), detail::bytes_of(from), nullptr);
    }
    /// The same, with the error in `ec`; returns how many bytes were written, also when cancelled.
    template <byte_range B>
    std::size_t write_all(const B& from, std::error_code& ec) {
        return detail::socket_write_all(fd(), detail::bytes_of(from), &ec);
    }

    /// Writes from several buffers in one call; returns the count of all.
    std::size_t writev(std::span<const iovec> from) {
        return detail::socket_writev(fd(), from, nullptr);
    }
    /// The same, with the error in `ec`.
    std::size_t writev(std::span<const iovec> from, std::error_code& ec) {
        return detail::socket_writev(fd(), from, &ec);
    }

    /// Writes what there is room for now; nothing if a write would have to wait. Never blocks, and is no cancellation point.
    /// Since 0.2.
    template <byte_range B>
    std::optional<std::size_t> try_write(const B& from) {
        return detail::socket_try_write(fd(), detail::bytes_of(from), nullptr);
    }
    /// The same, with the error in `ec`.
    template <byte_range B>
    std::optional<std::size_t> try_write(const B& from, std::error_code& ec) {
        return detail::socket_try_write(fd(), detail::bytes_of(from), &ec);
    }

    /// Readiness for writing, to wait for. Valid while this object lives and stays where it is.
    [[nodiscard]] io_case writable() const noexcept { return {fd(), direction::write}; }

private:
    [[nodiscard]] const detail::fd_ref& fd() const noexcept {
        return static_cast<const Self*>(this)->fd_;
    }
};

}  // namespace mioco::net
