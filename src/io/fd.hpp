// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "base/block_table.hpp"
#include "base/lock.hpp"
#include "io/fd_side.hpp"
#include "io/lease_growth.hpp"
#include "io/stray_waits.hpp"

namespace mioco::detail {

class poller;

enum class side : std::uint8_t { read = 0, write = 1 };

/// How it is made sure that a read or write of a descriptor does not block its worker. Only `direct` sets O_NONBLOCK, which all see who
/// share the open file.
enum class call_mode : std::uint8_t {
    direct,        // it is non-blocking
    dont_wait,     // a socket: each call asks not to wait
    pool,          // a file: each call is a job of the pool
    pool_if_ready  // each call waits for readiness, and then is one
};

/// An open descriptor, shared by the stream or halves that use it. Type-stable, as events of the kernel may come late: an event
/// carries the object's address and the generation of the use that it belongs to.
///
/// `close` first marks both sides, which wakes whoever waits, and has the driver disable the descriptor. So the
/// connection ends at once, while the number stays taken until the last share is gone: a call that is just being made
/// with it cannot reach another connection.
struct alignas(64) fd_object {
    // What a message touches, in one cache line.
    fd_side reading;
    std::atomic<int> number{-1};
    // All but the last sticky, and of TCP nearly always 0. `hung_up`: hang-up or error was reported; `urgent`: urgent data came, at which a read ends
    // early; `in_parts`: so does a read of this kind of descriptor, at the end of a part that the kernel keeps apart. With any of
    // them "a short read means drained" does not hold.
    // Sequentially consistent with the slot: it is set before the event is posted, and read after one was consumed.
    // `fills_leases`: reads are to get a lease of another size than usual, see `leases`.
    // `closed` is set under `watch_lock`, so that nobody watches what takes the descriptor's place.
    static constexpr std::uint8_t hung_up = 1;
    static constexpr std::uint8_t closed = 2;
    static constexpr std::uint8_t urgent = 4;
    static constexpr std::uint8_t in_parts = 8;
    static constexpr std::uint8_t fills_leases = 16;
    std::atomic<std::uint8_t> marks{0};
    lease_growth leases;
    // Changed between uses. An event's key has it, and a wait compares it when it is over: who was woken may find the descriptor released.
    // That is told for sure where the two run one after the other; see `fd_handle::release` for where they do not.
    std::atomic<std::uint16_t> generation{0};
    std::atomic<poller*> watcher{nullptr};  // changed under `watch_lock`

    fd_side writing;
    std::atomic<std::uint32_t> shares{0};
    lock watch_lock;
    bool was_blocking = true;  // before it was adopted; made so again when released
    bool may_be_shared =
        false;  // adopted: other descriptors may share the open file, so closing does not unwatch it
    call_mode mode = call_mode::direct;  // set before it is shared
    stray_waits strays;                  // under `watch_lock`
    fd_object* next = nullptr;

    explicit fd_object(std::uint32_t) noexcept {}

    fd_side& operator[](side which) noexcept { return which == side::read ? reading : writing; }
    [[nodiscard]] bool may_read_short() const noexcept {
        return (marks.load(std::memory_order_seq_cst) & ~fills_leases) != 0;
    }
    /// [reader] Whether there is anything at all to be heeded; after an event was consumed.
    [[nodiscard]] bool is_marked() const noexcept {
        return marks.load(std::memory_order_seq_cst) != 0;
    }
    /// [reader] After an event was consumed.
    [[nodiscard]] bool has_urgent_data() const noexcept {
        return (marks.load(std::memory_order_seq_cst) & urgent) != 0;
    }
    [[nodiscard]] bool is_hung_up() const noexcept {
        return (marks.load(std::memory_order_acquire) & hung_up) != 0;
    }
    [[nodiscard]] bool is_closed() const noexcept {
        return (marks.load(std::memory_order_acquire) & closed) != 0;
    }

    /// For events: the generation above the 48 bits of an address. Never below 64, since objects are aligned so.
    [[nodiscard]] std::uint64_t event_key() const noexcept {
        return std::uint64_t{generation.load(std::memory_order_relaxed)} << 48 |
               reinterpret_cast<std::uintptr_t>(this);
    }
    static fd_object& of_key(std::uint64_t key) noexcept {
        return *reinterpret_cast<fd_object*>(key & ((std::uint64_t{1} << 48) - 1));
    }
};

static_assert(sizeof(fd_object) == 128);

using fd_table = block_table<fd_object, 512, 8192>;
extern constinit fd_table all_fds;

/// An object with one share, for an open non-blocking descriptor; null when memory is out.
fd_object* new_fd_object(int number) noexcept;
/// The same; throws std::system_error when memory is out, and the descriptor is closed then.
fd_object& make_fd(int number);

void add_share(fd_object& fd) noexcept;
/// Closes the descriptor with the last share.
void drop_share(fd_object& fd) noexcept;
/// For a call that goes on with the descriptor after others may have run: they cannot release it meanwhile.
class keeping_fd {
public:
    explicit keeping_fd(fd_object& fd) noexcept : fd_(fd) { add_share(fd_); }
    ~keeping_fd() { drop_share(fd_); }
    keeping_fd(const keeping_fd&) = delete;
    keeping_fd& operator=(const keeping_fd&) = delete;

private:
    fd_object& fd_;
};

/// Marks it closed, wakes who waits, and ends the connection. May be called twice. Whether the number has left the open file with that.
bool close_fd(fd_object& fd) noexcept;
/// Gives the descriptor out of an object that only the caller uses: no longer watched, and blocking as it was. -EBUSY if
/// there are other shares or somebody waits, -EBADF if it is closed. Whoever was woken and has not run yet finds another generation.
int release_fd(fd_object& fd) noexcept;

/// [reader] After a read of so many bytes into a lease with this room.
void note_lease(fd_object& fd, std::size_t count, std::size_t room) noexcept;

/// Makes all who wait try again.
void wake_sides(fd_object& fd) noexcept;

/// [before nobody waits at the poller any more] What it watched is watched by nobody; waiters of other runtimes watch it anew.
void forget_poller(poller& gone) noexcept;

}  // namespace mioco::detail
