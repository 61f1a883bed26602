// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cerrno>
#include <cstdint>
#include <string>

#include <mioco/detail/socket_io.hpp>
#include <mioco/error.hpp>

#include "base/count_text.hpp"
#include "base/cure.hpp"
#include "io/wait_ready.hpp"
#include "net/lease_pool.hpp"
#include "net/result.hpp"

// Reading and writing of streams of bytes. A `Transfer` names the driver's calls:
//
//     static ssize_t receive(driver&, bytes, int fd);       static ssize_t receive_into(driver&, int fd, span<const iovec>);
//     static ssize_t send(driver&, const_bytes, int fd);    static ssize_t send_from(driver&, int fd, span<const iovec>);
//
// and for what happens for every message the first two once more: of a fiber that runs on this worker, and as `attempt_first`.
//
//     static ssize_t receive_here(worker&, bytes, int fd);  static ssize_t send_first(const fd_object&, const_bytes);

namespace mioco::detail {

/// Until poll(2) finds that side ready, or closed by its peer: 0, or a negative errno value as calls come to.
int wait_until_ready(const fd_ref& fd, side which);

// After `close_fd` a read may also find the end of the stream.
inline ssize_t end_of_stream(const fd_object& fd) noexcept { return fd.is_closed() ? -EBADF : 0; }

// `room`: what fits at most; less than that means that the kernel had no more.
template <class Attempt>
inline ssize_t receive_some(const fd_ref& ref, std::size_t room, Attempt attempt) {
    fd_object* const fd = ref.get();
    if (fd == nullptr) [[unlikely]]
        return nothing_open();
    const ssize_t count = attempt_or_wait(*fd, side::read, attempt, [=](ssize_t n) {
        return n > 0 && static_cast<std::size_t>(n) < room;
    });
    return count == 0 ? end_of_stream(*fd) : count;
}

inline std::size_t total_size(std::span<const iovec> parts) noexcept {
    std::size_t total = 0;
    for (const iovec& each : parts) total += each.iov_len;
    return total;
}

inline std::size_t fail_after(std::size_t done, ssize_t last, const char* what,
                              std::error_code* ec) {
    if (ec == nullptr) throw_if_cancel(last);
    const std::error_code code =
        last < 0 ? code_of(static_cast<int>(last)) : std::error_code(errc::end_of_stream);
    if (ec == nullptr) {
        throw io_error(code,
                       std::string("mioco: ") + what + " after " + counted(done, "byte") +
                           deadline_text(last) + cure_of(static_cast<int>(last)),
                       done);
    }
    *ec = code;
    return done;
}

template <class Transfer>
ssize_t stream_calls<Transfer>::receive(const fd_ref& fd, bytes into) {
    // With no room, a read would not tell the end of the stream from an empty buffer.
    if (into.empty()) return 0;
    return receive_some(fd, into.size(), [into](driver& io, int number, worker* here) {
        return here != nullptr ? Transfer::receive_here(*here, into, number)
                               : Transfer::receive(io, into, number);
    });
}

template <class Transfer>
ssize_t stream_calls<Transfer>::send_first(const fd_ref& fd, const_bytes from) {
    if (fd.get() == nullptr) [[unlikely]]
        return nothing_open();
    return Transfer::send_first(*fd.get(), from);
}

template <class Transfer>
ssize_t stream_calls<Transfer>::send_again(const fd_ref& fd, const_bytes from, ssize_t first) {
    if (fd.get() == nullptr) return first;
    return finish_attempts(*fd.get(), side::write, first, [from](driver& io, int number, worker*) {
        return Transfer::send(io, from, number);
    });
}

template <class Transfer>
std::size_t stream_calls<Transfer>::read_exactly(const fd_ref& fd, bytes into,
                                                 std::error_code* ec) {
    std::size_t done = 0;
    while (done < into.size()) {
        const ssize_t count = receive(fd, into.subspan(done));
        if (count <= 0) return fail_after(done, count, "read_exactly", ec);
        done += static_cast<std::size_t>(count);
    }
    clear(ec);
    return done;
}

template <class Transfer>
std::size_t stream_calls<Transfer>::write_rest(const fd_ref& fd, const_bytes from, ssize_t first,
                                               std::error_code* ec) {
    std::size_t done = 0;
    ssize_t count = first < 0 ? send_again(fd, from, first) : first;
    for (;; count = send(fd, from.subspan(done))) {
        if (count <= 0) return fail_after(done, count, "write_all", ec);
        done += static_cast<std::size_t>(count);
        if (done == from.size()) break;
    }
    clear(ec);
    return done;
}

template <class Transfer>
std::size_t stream_calls<Transfer>::readv(const fd_ref& fd, std::span<const iovec> into,
                                          std::error_code* ec) {
    const std::size_t room = total_size(into);
    if (room == 0) return finish(0, "readv", ec);
    const ssize_t count = receive_some(fd, room, [into](driver& io, int number, worker*) {
        return Transfer::receive_into(io, number, into);
    });
    return finish(count, "readv", ec);
}

template <class Transfer>
std::size_t stream_calls<Transfer>::writev(const fd_ref& fd, std::span<const iovec> from,
                                           std::error_code* ec) {
    if (total_size(from) == 0) return finish(0, "writev", ec);
    if (fd.get() == nullptr) return finish(nothing_open(), "writev", ec);
    const auto attempt = [from](driver& io, int number, worker*) {
        return Transfer::send_from(io, number, from);
    };
    ssize_t count = attempt_first(*fd.get(), attempt);
    if (count < 0) count = finish_attempts(*fd.get(), side::write, count, attempt);
    return finish(count, "writev", ec);
}

template <class Transfer>
std::optional<std::size_t> stream_calls<Transfer>::try_read(const fd_ref& fd, bytes into,
                                                            std::error_code* ec) {
    if (into.empty()) return finish(0, "try_read", ec);
    const ssize_t count = attempt_once(fd.get(), side::read, [&](driver& io, int number, worker*) {
        return Transfer::receive(io, into, number);
    });
    if (count == -EAGAIN) return finish(0, "try_read", ec), std::nullopt;
    return finish(count, "try_read", ec);
}

template <class Transfer>
std::optional<std::size_t> stream_calls<Transfer>::try_write(const fd_ref& fd, const_bytes from,
                                                             std::error_code* ec) {
    if (from.empty()) return finish(0, "try_write", ec);
    const ssize_t count = attempt_once(fd.get(), side::write, [&](driver& io, int number, worker*) {
        return Transfer::send(io, from, number);
    });
    if (count == -EAGAIN) return finish(0, "try_write", ec), std::nullopt;
    return finish(count, "try_write", ec);
}

// [reader] After an attempt that got something. It spends as many operations as usual leases would have, so that a stream that is always
// ready has no longer turns with larger ones. Returns the buffer to hand out.
inline std::byte* note_leased(fiber& self, fd_object& fd, std::size_t count,
                              lent_buffer lent) noexcept {
    note_lease(fd, count, lent.room);
    self.budget -= static_cast<std::int32_t>((count - 1) / usual_lease_bytes);
    if (count < lent.room) note_drained(self, fd, side::read);
    return right_sized(lent.data, count, fd, *self.on);
}

// All but the first attempt of a fiber. The buffer is borrowed for each attempt anew, so that a connection that waits holds none.
template <class Transfer>
[[gnu::noinline]] leased receive_leased_again(fiber& self, fd_object& fd, ssize_t first) {
    lent_buffer lent{};
    const ssize_t count =
        attempt_again(self, fd, side::read, first, [&](driver& io, int number, worker* here) {
            lent = exchange_lease(borrow_lease(*here), fd, *here);
            const ssize_t n = Transfer::receive(io, {lent.data, lent.room}, number);
            if (n <= 0) give_back_lease(std::exchange(lent.data, nullptr), here);
            return n;
        });
    if (count > 0) lent.data = note_leased(self, fd, static_cast<std::size_t>(count), lent);
    spend(self);
    return {lent.data, count == 0 ? end_of_stream(fd) : count};
}

// The first attempt of a fiber, at a descriptor that is marked.
template <class Transfer>
[[gnu::noinline]] leased receive_leased_marked(fiber& self, fd_object& fd, std::byte* usual) {
    fd.reading.undrained();
    worker& here = *self.on;
    const lent_buffer lent = exchange_lease(usual, fd, here);
    ++here.counts().io_attempts;
    const ssize_t count = Transfer::receive(here.io(), {lent.data, lent.room},
                                            fd.number.load(std::memory_order_relaxed));
    if (count <= 0) {
        give_back_lease(lent.data, &here);
        return receive_leased_again<Transfer>(self, fd, count);
    }
    std::byte* const bytes = note_leased(self, fd, static_cast<std::size_t>(count), lent);
    spend(self);
    return {bytes, count};
}

template <class Transfer>
[[gnu::noinline]] leased receive_leased_on_thread(fd_object& fd) {
    std::byte* buffer = nullptr;
    const ssize_t count =
        attempt_or_block(fd, side::read, [&buffer](driver& io, int number, worker*) {
            buffer = allocate_lease();
            const ssize_t n = Transfer::receive(io, {buffer, usual_lease_bytes}, number);
            if (n <= 0) give_back_lease(std::exchange(buffer, nullptr), nullptr);
            return n;
        });
    return {buffer, count == 0 ? end_of_stream(fd) : count};
}

// As `attempt_or_wait`, but that the result is a buffer as well.
template <class Transfer>
leased stream_calls<Transfer>::receive_leased(const fd_ref& fd) {
    if (fd.get() == nullptr) [[unlikely]]
        return {nullptr, nothing_open()};
    fd_object& object = *fd.get();
    fiber* const running = current_fiber();
    if (running == nullptr) [[unlikely]]
        return receive_leased_on_thread<Transfer>(object);
    fiber& self = *running;
    fd_side& s = object.reading;
    std::byte* buffer = nullptr;
    // Borrowed before an event is consumed: it may throw.
    if (s.seen_drained(self.index)) [[likely]] {
        if (const int failure = wait_when_drained(self, object, side::read); failure != 0)
            [[unlikely]]
            return {nullptr, spend_for(self, failure)};
        buffer = borrow_lease(*self.on);
        s.begin_draining_after_event(self.index);
    } else {
        if (const int why = interruption(self)) [[unlikely]]
            return {nullptr, spend_for(self, why)};
        buffer = borrow_lease(*self.on);
        s.begin_draining(self.index);
    }
    // A mark that comes after this look comes with an event, which is kept, and the next call sees it.
    if (object.is_marked()) [[unlikely]]
        return receive_leased_marked<Transfer>(self, object, buffer);
    worker& here = *self.on;
    ++here.counts().io_attempts;
    const ssize_t count = Transfer::receive_here(here, {buffer, usual_lease_bytes},
                                                 object.number.load(std::memory_order_relaxed));
    if (count <= 0) [[unlikely]] {
        s.undrained();
        give_back_lease(buffer, &here);
        return receive_leased_again<Transfer>(self, object, count);
    }
    if (static_cast<std::size_t>(count) == usual_lease_bytes) [[unlikely]] {
        s.undrained();
        note_lease(object, usual_lease_bytes, usual_lease_bytes);
    }
    spend(self);
    return {buffer, count};
}

}  // namespace mioco::detail
