// SPDX-License-Identifier: MPL-2.0
#include <mioco/detail/socket_io.hpp>

#include <cerrno>

#include <mioco/error.hpp>

#include "io/wait_ready.hpp"
#include "net/lease_pool.hpp"
#include "net/result.hpp"

// Reading and writing of connected stream sockets.

namespace mioco::detail {

namespace {

template <class Attempt, class Drained>
ssize_t transfer(const fd_ref& fd, side which, Attempt attempt, Drained drained) {
    if (fd.get() == nullptr) return -EBADF;
    return attempt_or_wait(*fd.get(), which, attempt, drained);
}

std::size_t total_size(std::span<const iovec> parts) noexcept {
    std::size_t total = 0;
    for (const iovec& each : parts) total += each.iov_len;
    return total;
}

ssize_t read_some(const fd_ref& fd, bytes into) {
    // With no room, a read would not tell the end of the stream from an empty buffer.
    if (into.empty()) return 0;
    return transfer(
        fd, side::read,
        [&] { return current_driver().receive(fd.get()->number.load(std::memory_order_relaxed), into.data(), into.size()); },
        [&](ssize_t count) { return count > 0 && static_cast<std::size_t>(count) < into.size(); });
}

ssize_t write_some(const fd_ref& fd, const_bytes from) {
    if (from.empty()) return 0;
    return transfer(
        fd, side::write,
        [&] { return current_driver().send(fd.get()->number.load(std::memory_order_relaxed), from.data(), from.size()); },
        [](ssize_t) { return false; });
}

std::size_t finish_all(std::size_t done, ssize_t last, const char* what, std::error_code* ec) {
    if (last == -ECANCELED && ec == nullptr) throw fiber_cancelled();
    std::error_code code;
    if (last < 0) code = code_of(static_cast<int>(last));
    if (last == 0) code = errc::end_of_stream;
    if (ec != nullptr) {
        *ec = code;
    } else if (code) {
        throw io_error(code, std::string("mioco: ") + what + " after " + std::to_string(done) + " bytes", done);
    }
    return done;
}

}  // namespace

std::size_t socket_read(const fd_ref& fd, bytes into, std::error_code* ec) {
    return finish(read_some(fd, into), "read", ec);
}

std::size_t socket_write(const fd_ref& fd, const_bytes from, std::error_code* ec) {
    return finish(write_some(fd, from), "write", ec);
}

std::size_t socket_read_exactly(const fd_ref& fd, bytes into, std::error_code* ec) {
    std::size_t done = 0;
    ssize_t last = 1;
    while (last > 0 && done < into.size()) {
        last = read_some(fd, into.subspan(done));
        if (last > 0) done += static_cast<std::size_t>(last);
    }
    return finish_all(done, last, "read_exactly", ec);
}

std::size_t socket_write_all(const fd_ref& fd, const_bytes from, std::error_code* ec) {
    std::size_t done = 0;
    ssize_t last = 1;
    while (last > 0 && done < from.size()) {
        last = write_some(fd, from.subspan(done));
        if (last > 0) done += static_cast<std::size_t>(last);
    }
    return finish_all(done, last, "write_all", ec);
}

std::size_t socket_readv(const fd_ref& fd, std::span<const iovec> into, std::error_code* ec) {
    const std::size_t room = total_size(into);
    if (room == 0) return finish(0, "readv", ec);
    const ssize_t count = transfer(
        fd, side::read,
        [&] { return current_driver().receive_into(fd.get()->number.load(std::memory_order_relaxed), into); },
        [&](ssize_t n) { return n > 0 && static_cast<std::size_t>(n) < room; });
    return finish(count, "readv", ec);
}

std::size_t socket_writev(const fd_ref& fd, std::span<const iovec> from, std::error_code* ec) {
    if (total_size(from) == 0) return finish(0, "writev", ec);
    const ssize_t count = transfer(
        fd, side::write,
        [&] { return current_driver().send_from(fd.get()->number.load(std::memory_order_relaxed), from); },
        [](ssize_t) { return false; });
    return finish(count, "writev", ec);
}

std::optional<std::size_t> socket_try_read(const fd_ref& fd, bytes into, std::error_code* ec) {
    const ssize_t count = attempt_once(fd.get(), side::read, [&](int number) {
        return current_driver().receive(number, into.data(), into.size());
    });
    if (count == -EAGAIN) return finish(0, "try_read", ec), std::nullopt;
    return finish(count, "try_read", ec);
}

std::optional<std::size_t> socket_try_write(const fd_ref& fd, const_bytes from, std::error_code* ec) {
    const ssize_t count = attempt_once(fd.get(), side::write, [&](int number) {
        return current_driver().send(number, from.data(), from.size());
    });
    if (count == -EAGAIN) return finish(0, "try_write", ec), std::nullopt;
    return finish(count, "try_write", ec);
}

net::leased_bytes socket_read_lease(const fd_ref& fd, std::error_code* ec) {
    net::leased_bytes lease;
    const ssize_t count = transfer(
        fd, side::read,
        [&] {
            // Borrowed for each attempt anew, so that a waiting connection holds none.
            std::byte* const buffer = net::lease_access::borrow();
            const ssize_t n = current_driver().receive(fd.get()->number.load(std::memory_order_relaxed), buffer,
                                                       net::leased_bytes::capacity_bytes);
            lease = net::lease_access::make(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
            if (n <= 0) lease = {};
            return n;
        },
        [](ssize_t n) { return n > 0 && static_cast<std::size_t>(n) < net::leased_bytes::capacity_bytes; });
    finish(count, "read_lease", ec);
    return lease;
}

}  // namespace mioco::detail
