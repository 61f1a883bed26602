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
        [&](driver& io, int number, worker*) {
            return io.receive(number, into.data(), into.size());
        },
        [&](ssize_t count) { return count > 0 && static_cast<std::size_t>(count) < into.size(); });
}

ssize_t write_some(const fd_ref& fd, const_bytes from) {
    if (from.empty()) return 0;
    return transfer(
        fd, side::write,
        [&](driver& io, int number, worker*) { return io.send(number, from.data(), from.size()); },
        [](ssize_t) { return false; });
}

std::size_t fail_after(std::size_t done, ssize_t last, const char* what, std::error_code* ec) {
    if (last == -ECANCELED && ec == nullptr) throw fiber_cancelled();
    const std::error_code code =
        last < 0 ? code_of(static_cast<int>(last)) : std::error_code(errc::end_of_stream);
    if (ec == nullptr) {
        throw io_error(code,
                       std::string("mioco: ") + what + " after " + std::to_string(done) + " bytes",
                       done);
    }
    *ec = code;
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
    while (done < into.size()) {
        const ssize_t count = read_some(fd, into.subspan(done));
        if (count <= 0) return fail_after(done, count, "read_exactly", ec);
        done += static_cast<std::size_t>(count);
    }
    clear(ec);
    return done;
}

std::size_t socket_write_all(const fd_ref& fd, const_bytes from, std::error_code* ec) {
    std::size_t done = 0;
    while (done < from.size()) {
        const ssize_t count = write_some(fd, from.subspan(done));
        if (count <= 0) return fail_after(done, count, "write_all", ec);
        done += static_cast<std::size_t>(count);
    }
    clear(ec);
    return done;
}

std::size_t socket_readv(const fd_ref& fd, std::span<const iovec> into, std::error_code* ec) {
    const std::size_t room = total_size(into);
    if (room == 0) return finish(0, "readv", ec);
    const ssize_t count = transfer(
        fd, side::read,
        [&](driver& io, int number, worker*) { return io.receive_into(number, into); },
        [&](ssize_t n) { return n > 0 && static_cast<std::size_t>(n) < room; });
    return finish(count, "readv", ec);
}

std::size_t socket_writev(const fd_ref& fd, std::span<const iovec> from, std::error_code* ec) {
    if (total_size(from) == 0) return finish(0, "writev", ec);
    const ssize_t count = transfer(
        fd, side::write,
        [&](driver& io, int number, worker*) { return io.send_from(number, from); },
        [](ssize_t) { return false; });
    return finish(count, "writev", ec);
}

std::optional<std::size_t> socket_try_read(const fd_ref& fd, bytes into, std::error_code* ec) {
    const ssize_t count = attempt_once(fd.get(), side::read, [&](driver& io, int number, worker*) {
        return io.receive(number, into.data(), into.size());
    });
    if (count == -EAGAIN) return finish(0, "try_read", ec), std::nullopt;
    return finish(count, "try_read", ec);
}

std::optional<std::size_t> socket_try_write(const fd_ref& fd, const_bytes from,
                                            std::error_code* ec) {
    const ssize_t count = attempt_once(fd.get(), side::write, [&](driver& io, int number, worker*) {
        return io.send(number, from.data(), from.size());
    });
    if (count == -EAGAIN) return finish(0, "try_write", ec), std::nullopt;
    return finish(count, "try_write", ec);
}

net::leased_bytes socket_read_lease(const fd_ref& fd, std::error_code* ec) {
    constexpr std::size_t room = net::leased_bytes::capacity_bytes;
    std::byte* buffer = nullptr;
    const ssize_t count = transfer(
        fd, side::read,
        [&](driver& io, int number, worker* here) {
            // Borrowed for each attempt anew, so that a connection that waits holds none.
            buffer = net::lease_access::borrow(here);
            const ssize_t n = io.receive(number, buffer, room);
            if (n <= 0) net::lease_access::give_back(buffer, here);
            return n;
        },
        [](ssize_t n) { return n > 0 && static_cast<std::size_t>(n) < room; });
    if (count <= 0) {
        finish(count, "read_lease", ec);
        return {};
    }
    clear(ec);
    return net::lease_access::make(buffer, static_cast<std::size_t>(count));
}

}  // namespace mioco::detail
