// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "base/block_table.hpp"
#include "base/lock.hpp"
#include "io/fd_side.hpp"

namespace mioco::detail {

class poller;

enum class side : std::uint8_t { read = 0, write = 1 };

/// An open descriptor, shared by the stream or halves that use it. Type-stable and numbered, as events of the kernel may come
/// late: an event carries the number and the generation of the use that it belongs to.
///
/// `close` first marks both sides, which wakes whoever waits, and puts a dead socket in the descriptor's place. So the
/// connection ends at once, while the number stays taken until the last share is gone: a call that is just being made
/// with it cannot reach another connection.
struct alignas(64) fd_object {
    fd_side sides[2];
    const std::uint32_t index;
    std::atomic<std::uint32_t> generation{0};  // changed between uses
    std::atomic<std::uint32_t> shares{0};
    std::atomic<int> number{-1};
    // Hang-up or error was reported. Sticky: from then on "a short read means drained" holds no more.
    std::atomic<bool> hung_up{false};
    std::atomic<bool> closed{false};  // set under `watch_lock`, so that nobody watches what takes the descriptor's place
    bool was_blocking = true;  // before it was adopted; made so again when released
    bool may_be_shared = false;  // adopted: other descriptors may share the open file, so closing does not unwatch it
    std::atomic<std::uint8_t> strays{0};  // waits in a row on workers with another poller; a hint
    lock watch_lock;
    std::atomic<poller*> watcher{nullptr};  // changed under `watch_lock`
    fd_object* next = nullptr;

    explicit fd_object(std::uint32_t block_number) noexcept : index(block_number) {}

    fd_side& operator[](side which) noexcept { return sides[static_cast<int>(which)]; }
    [[nodiscard]] std::uint64_t event_key() const noexcept {
        return std::uint64_t{generation.load(std::memory_order_relaxed)} << 32 | index;
    }
};

using fd_table = block_table<fd_object, 512, 8192>;
extern constinit fd_table all_fds;

/// An object with one share, for an open non-blocking descriptor; null when memory is out.
fd_object* new_fd_object(int number) noexcept;
/// The same; throws std::system_error when memory is out, and the descriptor is closed then.
fd_object& make_fd(int number);

void add_share(fd_object& fd) noexcept;
/// Closes the descriptor with the last share.
void drop_share(fd_object& fd) noexcept;
/// Marks it closed, wakes who waits, and ends the connection. May be called twice.
void close_fd(fd_object& fd) noexcept;
/// Gives the descriptor out of an object that only the caller uses: no longer watched, and blocking as it was. -EBUSY if
/// there are other shares, -EBADF if it is closed.
int release_fd(fd_object& fd) noexcept;

/// [poller] Posts an event to the fd's sides, given as epoll's bits, if the key's generation is the current one.
void post_event(std::uint64_t key, std::uint32_t events) noexcept;

/// Makes all who wait try again.
void wake_sides(fd_object& fd) noexcept;

/// [before nobody waits at the poller any more] What it watched is watched by nobody; waiters of other runtimes watch it anew.
void forget_poller(poller& gone) noexcept;

}  // namespace mioco::detail
