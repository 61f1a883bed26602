// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstddef>
#include <span>

#include "base/sys_transfer.hpp"
#include "io/wait_ready.hpp"

// The two calls of every message, inline where the driver is the system itself.

namespace mioco::detail {

inline ssize_t system_receive(worker& here, std::span<std::byte> into, int fd) noexcept {
    if (here.transfers_by_system()) [[likely]]
        return sys::receive(fd, into.data(), into.size());
    return here.io().receive(into, fd);
}

[[gnu::noinline]] inline ssize_t driver_send_first(const fd_object& fd,
                                                   std::span<const std::byte> from) {
    return attempt_first(fd,
                         [from](driver& io, int number, worker*) { return io.send(from, number); });
}

/// As `attempt_first`. What is rare comes before the call, so that nothing is kept across it.
inline ssize_t system_send_first(const fd_object& fd, std::span<const std::byte> from) {
    fiber* const running = current_fiber();
    if (running == nullptr || running->may_be_cancelled.load(std::memory_order_seq_cst) ||
        !running->on->transfers_by_system()) [[unlikely]]
        return driver_send_first(fd, from);
    ++running->on->counts().io_attempts;
    const ssize_t count =
        sys::send(fd.number.load(std::memory_order_relaxed), from.data(), from.size());
    return count >= 0 ? spend_for(*running, count) : count;
}

}  // namespace mioco::detail
