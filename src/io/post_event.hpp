// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <sys/epoll.h>

#include "io/fd.hpp"
#include "sched/wake_inline.hpp"

namespace mioco::detail {

/// [poller] Posts an event, given as epoll's bits, to the sides of a descriptor that it concerns, if the key is of its present use.
inline void post_event(std::uint64_t key, std::uint32_t events, const waker& wake) noexcept {
    fd_object& fd = fd_object::of_key(key);
    // A use that ends just now gets a spurious event at worst: the object is not unmapped.
    if (fd.generation.load(std::memory_order_acquire) != key >> 48) [[unlikely]]
        return;
    constexpr std::uint32_t over = EPOLLHUP | EPOLLERR;
    if ((events & (over | EPOLLRDHUP)) != 0) [[unlikely]] {
        fd.ended.fetch_or(fd_object::hung_up, std::memory_order_release);
        events |= (events & over) != 0 ? EPOLLIN | EPOLLOUT : EPOLLIN;
    }
    if ((events & EPOLLIN) != 0) fd[side::read].post(wake);
    if ((events & EPOLLOUT) != 0) fd[side::write].post(wake);
}

}  // namespace mioco::detail
