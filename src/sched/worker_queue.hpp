// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "runtime/runtime_core.hpp"
#include "sched/current.hpp"
#include "sched/worker.hpp"

// What a worker has ready, inline for the switch. In order: the slot, since what was just woken is still in the cache, but not for
// ever; then, in turns, the queue and the list of those that are bound to this worker; then what others delivered.

namespace mioco::detail {

inline fiber* worker::next_local() noexcept {
    fiber* next = nullptr;
    if (is_alone_ || thieves_.enter()) [[likely]] {
        next = take_queued<thieves::none>();
        thieves_.leave();
    } else {
        next = take_queued<thieves::some>();
    }
    return next != nullptr ? next : next_local_if_queue_empty();
}

template <worker::thieves Others>
inline fiber* worker::take_queued() noexcept {
    if (!next_.empty()) {
        if (fiber* const f = take_from_slot<Others>()) return f;
    }
    if (!bound_.empty() && (ticks_left_ & 1) != 0) [[unlikely]]
        return bound_.pop();
    return Others == thieves::none ? queue_.pop_unshared() : queue_.pop();
}

// Null if a thief was faster, or after many in a row: then one from the queue comes first.
template <worker::thieves Others>
inline fiber* worker::take_from_slot() noexcept {
    if (slot_streak_ == most_in_a_row_from_slot) {
        slot_streak_ = 0;
        return nullptr;
    }
    ++slot_streak_;
    return swap_slot<Others>(nullptr);
}

template <worker::thieves Others>
inline fiber* worker::swap_slot(fiber* f) noexcept {
    return Others == thieves::some ? next_.swap(f) : next_.swap_unshared(f);
}

inline bool worker::has_nothing_queued() const noexcept {
    return queue_.empty() && bound_.empty() && inbox_.empty() && next_.empty();
}

inline void worker::queue(fiber& f) noexcept {
    if (f.pinned) {
        bound_.push(f);
    } else if (!queue_.push(&f)) [[unlikely]] {
        spill(f);
    }
}

/// To the end of the queue here, or where the fiber belongs.
inline void worker::enqueue(fiber& f) noexcept {
    if (f.placed && send_elsewhere(f)) return;
    queue(f);
}

/// The same for one that yields: behind those that are queued, as it is the one that has just run.
inline void worker::requeue(fiber& f) noexcept {
    if (f.placed) [[unlikely]]
        f.marks |= schedule_mark::yields;
    enqueue(f);
}

inline void worker::make_ready_from_loop(fiber& f) noexcept {
    if (f.placed || !queue_.push(&f)) [[unlikely]]
        enqueue_rare(f);
}

inline void worker::make_ready(fiber& f) noexcept {
    if (thread_->running == nullptr) return make_ready_from_loop(f);
    if (f.placed) [[unlikely]]
        return enqueue_rare(f);
    // Woken by a fiber: it runs next. Whoever was in the slot goes to the queue.
    fiber* displaced = nullptr;
    if (is_alone_ || thieves_.enter()) [[likely]] {
        displaced = swap_slot<thieves::none>(&f);
        thieves_.leave();
    } else {
        displaced = swap_slot<thieves::some>(&f);
    }
    if (displaced != nullptr) queue(*displaced);
}

}  // namespace mioco::detail
