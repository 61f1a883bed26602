// SPDX-License-Identifier: MPL-2.0
#include <mioco/async_fd.hpp>

#include <algorithm>
#include <cerrno>

#include <poll.h>

#include "net/stream_io.hpp"
#include "offload/blocking_call.hpp"

// The calls on any descriptor: see call_mode.

namespace mioco::detail {

struct device_transfer {};

namespace {

// What is ready for a write has room for so much, if it is no file: a pipe a page, a terminal less, so that a write may hold a
// thread of the pool, but not for long.
constexpr std::size_t most_a_job = 4096;

bool is_pooled(const fd_object& fd) noexcept {
    return fd.mode == call_mode::pool || fd.mode == call_mode::pool_if_ready;
}

ssize_t read_now(const fd_object& fd, driver& io, int number, bytes into) noexcept {
    if (fd.mode == call_mode::dont_wait) return io.receive_at_once(into, number);
    return io.read(into, number);
}

ssize_t write_now(const fd_object& fd, driver& io, int number, const_bytes from) noexcept {
    if (fd.mode == call_mode::dont_wait) return io.send_at_once(from, number);
    return io.write(from, number);
}

template <class Call>
ssize_t on_pool(fd_object& fd, offloading how, Call call) {
    const keeping_fd until_done(fd);
    const int number = fd.number.load(std::memory_order_relaxed);
    const ssize_t result = blocking_call(how, [&, &io = current_driver()]() noexcept {
        ssize_t count = -EINTR;
        while (count == -EINTR) count = call(io, number);
        return count;
    });
    return !is_interruption(result) && fd.is_closed() ? -EBADF : result;
}

ssize_t read_on_pool(fd_object& fd, bytes into, offloading how) {
    return on_pool(fd, how, [=](driver& io, int number) noexcept { return io.read(into, number); });
}

ssize_t write_on_pool(fd_object& fd, const_bytes from, offloading how) {
    if (fd.mode == call_mode::pool_if_ready) from = from.first(std::min(from.size(), most_a_job));
    return on_pool(fd, how,
                   [=](driver& io, int number) noexcept { return io.write(from, number); });
}

// Others may have made it non-blocking, or have been faster: then it is waited for again.
template <class Call>
ssize_t wait_and_call(const fd_ref& fd, side which, Call call) {
    fd_object& object = *fd.get();
    const keeping_fd until_done(object);
    ssize_t result = -EAGAIN;
    while (result == -EAGAIN) {
        const int failure =
            object.mode == call_mode::pool_if_ready ? wait_until_ready(fd, which) : 0;
        result = failure < 0 ? failure : call(object, offloading::may_be_cancelled);
    }
    return result;
}

// For calls that never wait: -EAGAIN comes back.
template <class Call>
ssize_t call_if_ready(fd_object& fd, short events, Call call) {
    const keeping_fd until_done(fd);
    begin_attempt();
    if (fd.is_closed()) return -EBADF;
    const int ready = current_driver().ready_now(fd.number.load(std::memory_order_relaxed), events);
    if (ready <= 0) return ready == 0 ? -EAGAIN : ready;
    return call(fd, offloading::is_certain);
}

template <class Byte>
std::span<Byte> first_part(std::span<const iovec> parts) noexcept {
    const auto found =
        std::ranges::find_if(parts, [](const iovec& part) { return part.iov_len > 0; });
    return {static_cast<Byte*>(found->iov_base), found->iov_len};
}

// What `try_` calls make of it.
std::optional<std::size_t> maybe(ssize_t count, const char* what, std::error_code* ec) {
    if (count == -EAGAIN) return finish(0, what, ec), std::nullopt;
    return finish(count, what, ec);
}

using device_calls = stream_calls<device_transfer>;

}  // namespace

template <>
ssize_t device_calls::receive(const fd_ref& fd, bytes into) {
    if (into.empty()) return 0;
    if (fd.get() == nullptr) return nothing_open();
    const fd_object& object = *fd.get();
    if (!is_pooled(object)) {
        return receive_some(fd, into.size(), [&, into](driver& io, int number, worker*) {
            return read_now(object, io, number, into);
        });
    }
    return wait_and_call(fd, side::read, [into](fd_object& of, offloading how) {
        return read_on_pool(of, into, how);
    });
}

template <>
ssize_t device_calls::send_first(const fd_ref& fd, const_bytes from) {
    if (fd.get() == nullptr) return nothing_open();
    const fd_object& object = *fd.get();
    if (is_pooled(object)) return -EAGAIN;
    return attempt_first(object, [&, from](driver& io, int number, worker*) {
        return write_now(object, io, number, from);
    });
}

template <>
ssize_t device_calls::send_again(const fd_ref& fd, const_bytes from, ssize_t first) {
    if (fd.get() == nullptr) return first;
    fd_object& object = *fd.get();
    if (!is_pooled(object)) {
        return finish_attempts(object, side::write, first,
                               [&, from](driver& io, int number, worker*) {
                                   return write_now(object, io, number, from);
                               });
    }
    return wait_and_call(fd, side::write, [from](fd_object& of, offloading how) {
        return write_on_pool(of, from, how);
    });
}

// The buffer is borrowed when there is something for it.
template <>
leased device_calls::receive_leased(const fd_ref& fd) {
    if (fd.get() == nullptr) return {nullptr, nothing_open()};
    if (const int failure = wait_until_ready(fd, side::read); failure < 0)
        return {nullptr, failure};
    worker* const here = current_worker();
    std::byte* const buffer = here == nullptr ? allocate_lease() : borrow_lease(*here);
    const ssize_t count = receive(fd, {buffer, usual_lease_bytes});
    if (count > 0) return {buffer, count};
    give_back_lease(buffer, current_worker());
    return {nullptr, count};
}

// In the other modes into or from one of them, as a call may do less than it was asked for.
template <>
std::size_t device_calls::readv(const fd_ref& fd, std::span<const iovec> into,
                                std::error_code* ec) {
    const std::size_t room = total_size(into);
    if (room == 0) return finish(0, "readv", ec);
    if (fd.get() == nullptr || fd.get()->mode != call_mode::direct)
        return finish(receive(fd, first_part<std::byte>(into)), "readv", ec);
    const ssize_t count = receive_some(
        fd, room, [into](driver& io, int number, worker*) { return io.read_into(number, into); });
    return finish(count, "readv", ec);
}

template <>
std::size_t device_calls::writev(const fd_ref& fd, std::span<const iovec> from,
                                 std::error_code* ec) {
    if (total_size(from) == 0) return finish(0, "writev", ec);
    if (fd.get() == nullptr || fd.get()->mode != call_mode::direct)
        return finish(send(fd, first_part<const std::byte>(from)), "writev", ec);
    const auto attempt = [from](driver& io, int number, worker*) {
        return io.write_from(number, from);
    };
    ssize_t count = attempt_first(*fd.get(), attempt);
    if (count < 0) count = finish_attempts(*fd.get(), side::write, count, attempt);
    return finish(count, "writev", ec);
}

template <>
std::optional<std::size_t> device_calls::try_read(const fd_ref& fd, bytes into,
                                                  std::error_code* ec) {
    if (into.empty()) return maybe(0, "try_read", ec);
    if (fd.get() == nullptr) return maybe(nothing_open(), "try_read", ec);
    fd_object& object = *fd.get();
    const ssize_t count =
        is_pooled(object)
            ? call_if_ready(
                  object, POLLIN,
                  [into](fd_object& of, offloading how) { return read_on_pool(of, into, how); })
            : attempt_once(fd.get(), side::read, [&](driver& io, int number, worker*) {
                  return read_now(object, io, number, into);
              });
    return maybe(count, "try_read", ec);
}

template <>
std::optional<std::size_t> device_calls::try_write(const fd_ref& fd, const_bytes from,
                                                   std::error_code* ec) {
    if (from.empty()) return maybe(0, "try_write", ec);
    if (fd.get() == nullptr) return maybe(nothing_open(), "try_write", ec);
    fd_object& object = *fd.get();
    const ssize_t count =
        is_pooled(object)
            ? call_if_ready(
                  object, POLLOUT,
                  [from](fd_object& of, offloading how) { return write_on_pool(of, from, how); })
            : attempt_once(fd.get(), side::write, [&](driver& io, int number, worker*) {
                  return write_now(object, io, number, from);
              });
    return maybe(count, "try_write", ec);
}

template struct stream_calls<device_transfer>;

}  // namespace mioco::detail
