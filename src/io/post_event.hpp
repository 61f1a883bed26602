// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <cstdint>

#include <sys/epoll.h>

#include "io/fd.hpp"
#include "sched/wake_inline.hpp"

namespace mioco::detail {

/// [poller] Marks the descriptor with a hang-up or urgent data, and returns the events that they are for the two sides.
std::uint32_t note_rare_events(fd_object& fd, std::uint32_t events) noexcept;

// Out of line, so that what is rare takes nothing from what is not.
template <class Waker>
[[gnu::noinline]] void post_room(fd_object& fd, const Waker& wake) noexcept {
    fd[side::write].post(wake);
}

/// [poller] Posts an event, given as epoll's bits, to the sides of a descriptor that it concerns, if the key is of its present use.
template <class Waker>
inline void post_event(std::uint64_t key, std::uint32_t events, const Waker& wake) noexcept {
    fd_object& fd = fd_object::of_key(key);
    // A use that ends just now gets a spurious event at worst: the object is not unmapped.
    if (fd.generation.load(std::memory_order_acquire) != key >> 48) [[unlikely]]
        return;
    if ((events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP | EPOLLPRI)) != 0) [[unlikely]]
        events = note_rare_events(fd, events);
    if ((events & EPOLLIN) != 0) [[likely]]
        fd[side::read].post(wake);
    // With each event that there is input comes the news that there still is room. The look comes first, as it nearly always decides.
    if (!fd[side::write].slot().keeps_event() && (events & EPOLLOUT) != 0) [[unlikely]]
        post_room(fd, wake);
}

}  // namespace mioco::detail
