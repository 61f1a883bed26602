// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <mioco/detail/message_io.hpp>

#include "io/wait_ready.hpp"

// The loop of wait_ready.hpp for messages: one that was short says nothing of whether there is another.

namespace mioco::detail {

/// `attempt` as in wait_ready.hpp, here and below.
template <class Attempt>
ssize_t receive_messages_with(const fd_ref& fd, waiting mode, Attempt attempt) {
    if (fd.get() == nullptr) return nothing_open();
    if (mode == waiting::never) return attempt_once(fd.get(), side::read, attempt);
    return attempt_or_wait(*fd.get(), side::read, attempt, [](ssize_t) { return false; });
}

template <class Attempt>
ssize_t send_messages_with(const fd_ref& fd, waiting mode, Attempt attempt) {
    if (fd.get() == nullptr) return nothing_open();
    if (mode == waiting::never) return attempt_once(fd.get(), side::write, attempt);
    const ssize_t count = attempt_first(*fd.get(), attempt);
    return count < 0 ? finish_attempts(*fd.get(), side::write, count, attempt) : count;
}

/// Writes into `message` what came of it; its room for addresses and control data is that of each attempt. Of a failure there is no control
/// data, unless a close has made a failure of what was received.
inline ssize_t receive_message(const fd_ref& fd, msghdr& message, waiting mode) {
    const msghdr room = message;
    message.msg_controllen = 0;
    return receive_messages_with(fd, mode, [&](driver& io, int number, worker*) {
        message = room;
        const ssize_t count = io.receive_message(number, message);
        if (count < 0) message.msg_controllen = 0;
        return count;
    });
}

inline ssize_t send_message(const fd_ref& fd, const msghdr& message, waiting mode) {
    return send_messages_with(fd, mode, [&message](driver& io, int number, worker*) {
        return io.send_message(number, message);
    });
}

}  // namespace mioco::detail
