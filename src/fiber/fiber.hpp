// SPDX-License-Identifier: MPL-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string_view>

#include <mioco/detail/fiber_handle.hpp>
#include <mioco/detail/wait_reason.hpp>

#include "context/context.hpp"
#include "fiber/cancel_request.hpp"
#include "fiber/eh_globals.hpp"
#include "fiber/wait_reason.hpp"
#include "fiber/wait_slot.hpp"
#include "fiber/wait_word.hpp"
#include "stack/stack.hpp"
#include "time/lazy_timer.hpp"

namespace mioco::detail {

struct fiber_extras;
class fiber_pool;
class driver;
class runtime_core;
class worker;

/// How a fiber came to its end.
enum class outcome : std::uint8_t { none, value, error, cancelled };

/// What a runtime with a scheduler of the user's keeps a fiber, see scheduler_seat.
namespace schedule_mark {
inline constexpr std::uint8_t announced = 1;  // the scheduler has been told of it before
inline constexpr std::uint8_t yields = 2;     // ready because it yielded
inline constexpr std::uint8_t stays = 4;      // where it first runs: the user wants it pinned
inline constexpr std::uint8_t killed = 8;     // the scheduler has dropped it, and is asked no more
}  // namespace schedule_mark

/// The control block of a fiber, or of a plain thread while that blocks in the library.
///
/// Blocks are type-stable and numbered (see fiber_table): a waker that comes late with an old token finds a block, if another
/// fiber's, and its claim fails on the epoch. Who gives a block back to its pool is settled by `end`: the handle's owner, if the fiber has
/// ended by then; else he leaves his share to the fiber. So one that has told its end does not touch its block again.
///
/// The life of a fiber, and the members that are live meanwhile:
///
///     made      task and storage (the closure); no stack
///     running   all; `on` is the worker whose thread it runs on
///     ready     in one queue, linked by `next` or by its address; resumed by whoever takes it
///     parked    context, word, timer
///     ended     outcome, error, storage (the result), end
struct alignas(64) fiber {
    // The first cache line is what a message touches: the event that wakes the fiber, the switch, and the next wait. A thousand
    // connections in turn find none of it in the cache. The second is what rarer waits touch and what is asked about a fiber, the
    // third what its maker and its joiner touch: a batch of ended fibers that are joined costs little more than that line each.
    context ctx;
    worker* on = nullptr;  // written by whoever switches to it; null: has not run yet
    wait_word word;
    eh_globals exceptions;  // valid while it does not run
    // From spawn to end. Read by `stop`, which looks at all blocks.
    std::atomic<runtime_core*> home{nullptr};
    const std::uint32_t index;
    std::int32_t budget = 0;      // operations until the next forced yield
    std::uint32_t parked_at = 0;  // when, see `clock_stamp`; for dumps
    bool placed = false;          // pinned, or moved at each wake-up: not for just any queue
    std::uint8_t shields = 0;  // nested regions in which it sees no interruption, see cancel_shield
    wait_reason waits_for = wait_reason::none;
    // Like `cancelled_id`, `home` and `id` part of how a fiber is asked to stop, see fiber/cancel_request.hpp. The fiber sets it too, in a
    // `with_deadline`.
    std::atomic<bool> may_be_cancelled{false};

    alignas(64) lazy_timer timer;
    std::atomic<std::uint64_t> cancelled_id{0};
    bool pinned = false;
    bool is_thread = false;  // a plain thread's stand-in
    stack_kind wanted_stack;
    union {
        int thread_wakeup_fd = -1;  // of a plain thread
        std::uint32_t tenancy;      // of a fiber: its pool's when it was made, see fiber_pool
    };
    // Who the block is now; written by the maker before `home`. Numbers are never used again.
    std::atomic<std::uint64_t> id{0};
    stack memory;
    std::uint64_t stray_epoch = 0;  // its last wait that `stray_waits` counted

    alignas(64) fiber* next = nullptr;  // in an inbox, a list of ready fibers, or a free list
    fiber_pool* pool = nullptr;         // never changes once it is set
    std::atomic<std::uint32_t> shares{0};
    outcome how_ended = outcome::none;
    std::uint8_t marks = 0;  // `schedule_mark`s; written by who owns the ready fiber
    wait_slot end;           // READY once the outcome stands; the joiner waits there
    union {
        const task_ops* task = nullptr;
        driver* world;  // of a plain thread: by which it waits
    };
    void* storage = nullptr;
    std::exception_ptr error;
    // What few fibers have. Set by the maker, or by the fiber when it first needs it; dumps look at it, see fiber_extras.
    std::atomic<fiber_extras*> extras{nullptr};

    static constexpr std::size_t inline_storage_bytes = 64;
    alignas(16) std::byte inline_storage[inline_storage_bytes];

    explicit fiber(std::uint32_t number) noexcept : index(number) {}

    [[nodiscard]] bool has_started() const noexcept { return on != nullptr; }
    [[nodiscard]] const char* name() const noexcept;  // in fiber_extras.cpp; empty: none
    [[nodiscard]] std::string_view name_or_empty() const noexcept { return name(); }
    [[nodiscard]] bool has_extras() const noexcept {
        return extras.load(std::memory_order_relaxed) != nullptr;
    }
    [[nodiscard]] std::uint64_t number() const noexcept {
        return id.load(std::memory_order_relaxed);
    }
    [[nodiscard]] bool cancel_requested() const noexcept { return is_cancel_requested(*this); }
    [[nodiscard]] wait_token token(std::uint64_t epoch) const noexcept { return {index, epoch}; }
};

}  // namespace mioco::detail
