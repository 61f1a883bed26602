// SPDX-License-Identifier: MPL-2.0
#pragma once

#include "runtime/runtime_core.hpp"
#include "sched/worker.hpp"

// What a worker has ready, inline for the switch. In order: the slot, since what was just woken is still in the cache, but not for
// ever; then, in turns, the queue and the list of those that are bound to this worker; then what others delivered.

namespace mioco::detail {

inline fiber* worker::next_local() noexcept {
    if (next_.load(std::memory_order_relaxed) != nullptr &&
        slot_streak_ < most_in_a_row_from_slot) {
        if (fiber* const f = next_.exchange(nullptr, std::memory_order_acq_rel)) {
            ++slot_streak_;
            return f;
        }
    }
    slot_streak_ = 0;
    if ((ticks_ & 1) != 0 && !bound_.empty()) return bound_.pop();
    if (fiber* const f = queue_.pop()) return f;
    return next_local_if_queue_empty();
}

inline bool worker::has_nothing_queued() const noexcept {
    return queue_.empty() && bound_.empty() && inbox_.empty() &&
           next_.load(std::memory_order_relaxed) == nullptr;
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
    if ((f.pinned || moves_ == migration::always) && send_elsewhere(f)) return;
    queue(f);
}

inline void worker::make_ready(fiber& f) noexcept {
    if (f.pinned || moves_ == migration::always) [[unlikely]]
        return enqueue_rare(f);
    if (running_ == nullptr) {
        if (!queue_.push(&f)) [[unlikely]]
            enqueue_rare(f);
        return;
    }
    // Woken by a fiber: it runs next. Whoever was in the slot goes to the queue.
    if (fiber* const displaced = next_.exchange(&f, std::memory_order_acq_rel)) queue(*displaced);
}

}  // namespace mioco::detail
