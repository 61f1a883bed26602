// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <system_error>

#include <sys/socket.h>
#include <sys/types.h>

#include <mioco/detail/fd_ref.hpp>

// Transfers that keep the bounds of messages: datagrams, records, and what carries descriptors. As of streams: the calls
// return a count or a negative errno value, and `finish_...` makes the two public forms of that.

namespace mioco::detail {

/// Room for the address of any peer, for a system call to fill: so `storage` is left as it is. Of an unnamed Unix socket `size` may be 0.
struct message_address {
    [[nodiscard]] sockaddr* data() noexcept { return reinterpret_cast<sockaddr*>(&storage); }

    sockaddr_storage storage;
    socklen_t size = 0;
};

struct received_message {
    ssize_t count = 0;       // of the bytes in the buffer, or a negative errno value
    bool truncated = false;  // the message was longer, and its rest is lost
};

enum class waiting { allowed, never };

/// `sender` may be null.
received_message message_receive(const fd_ref& fd, bytes into, message_address* sender,
                                 waiting mode = waiting::allowed);
/// `to` is null for the peer of a connected socket.
ssize_t message_send(const fd_ref& fd, const_bytes from, const sockaddr* to, socklen_t size,
                     waiting mode = waiting::allowed);

/// Truncation is an error here: std::errc::message_size, with what fits in the buffer.
std::size_t finish_message(const received_message& got, const char* what, std::error_code* ec);
/// -EAGAIN is nothing.
std::optional<std::size_t> finish_try(ssize_t result, const char* what, std::error_code* ec);
std::optional<std::size_t> finish_try_message(const received_message& got, const char* what,
                                              std::error_code* ec);

}  // namespace mioco::detail
