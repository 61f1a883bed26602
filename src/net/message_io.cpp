// SPDX-License-Identifier: MPL-2.0
#include <mioco/detail/message_io.hpp>

#include <cerrno>
#include <chrono>

#include <mioco/detail/io_result.hpp>

#include "io/wait_ready.hpp"
#include "net/message_attempts.hpp"
#include "net/result.hpp"
#include "time/pause.hpp"

namespace mioco::detail {

namespace {

// A receiver's full queue is no event of a socket that is not connected to it: so there is nothing but to try again now and then.
ssize_t send_when_receiver_has_room(const fd_ref& fd, const msghdr& message) {
    if (fd.get() == nullptr) return nothing_open();
    const keeping_fd until_done(*fd.get());
    growing_pause pause(std::chrono::milliseconds(1), std::chrono::milliseconds(20));
    for (;;) {
        if (const int why = caller_interruption()) {
            fiber* const self = current_fiber();
            return self == nullptr ? why : spend_for(*self, why);
        }
        const ssize_t count = send_message(fd, message, waiting::never);
        if (count != -EAGAIN) return count;
        if (const int why = pause.sleep()) return why;
    }
}

}  // namespace

received_message message_receive(const fd_ref& fd, bytes into, message_address* sender,
                                 waiting mode) {
    iovec part{into.data(), into.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (sender != nullptr) {
        message.msg_name = sender->data();
        message.msg_namelen = sizeof sender->storage;
    }
    const ssize_t count = receive_message(fd, message, mode);
    if (sender != nullptr) sender->size = message.msg_namelen;
    return {count, count >= 0 && (message.msg_flags & MSG_TRUNC) != 0};
}

ssize_t message_send(const fd_ref& fd, const_bytes from, const sockaddr* to, socklen_t size,
                     waiting mode) {
    iovec part{const_cast<std::byte*>(from.data()), from.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_name = const_cast<sockaddr*>(to);
    message.msg_namelen = size;
    if (to != nullptr && to->sa_family == AF_UNIX && mode == waiting::allowed)
        return send_when_receiver_has_room(fd, message);
    return send_message(fd, message, mode);
}

std::size_t finish_message(const received_message& got, const char* what, std::error_code* ec) {
    if (!got.truncated) return finish(got.count, what, ec);
    fail(-EMSGSIZE, what, ec);
    return static_cast<std::size_t>(got.count);
}

std::optional<std::size_t> finish_try(ssize_t result, const char* what, std::error_code* ec) {
    if (result == -EAGAIN) {
        clear(ec);
        return std::nullopt;
    }
    return finish(result, what, ec);
}

std::optional<std::size_t> finish_try_message(const received_message& got, const char* what,
                                              std::error_code* ec) {
    if (got.count == -EAGAIN) return finish_try(got.count, what, ec);
    return finish_message(got, what, ec);
}

}  // namespace mioco::detail
