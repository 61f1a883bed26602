// SPDX-License-Identifier: MPL-2.0
#include "time/timer_heap.hpp"

#include <algorithm>
#include <mutex>

#include "fiber/fiber_table.hpp"
#include "sched/wake_inline.hpp"

namespace mioco::detail {

void timer_heap::push(nanoseconds_t deadline, std::uint32_t fiber_index) noexcept {
    const std::scoped_lock held(lock_);
    ++pushed_;
    if (entries_.size() >= clean_at_) drop_clutter();
    entries_.push_back({deadline, fiber_index});
    std::push_heap(entries_.begin(), entries_.end(), later);
    publish();
}

void timer_heap::fire(nanoseconds_t now, timer_heap& again) noexcept {
    entry due{};
    while (pop_due(now, due)) {
        fiber& f = all_fibers[due.fiber_index];
        const auto verdict = f.timer.popped(f.word, now);
        if (verdict.what == lazy_timer::action::push_again) {
            again.push(verdict.deadline, due.fiber_index);
        } else if (verdict.what == lazy_timer::action::expire) {
            again.expire(f, verdict.epoch);
        }
    }
}

void timer_heap::expire(fiber& f, std::uint64_t epoch) noexcept {
    ++expired_;
    waker(wait_arm::timer).wake(f.token(epoch));
}

bool timer_heap::pop_due(nanoseconds_t now, entry& due) noexcept {
    if (earliest() > now) return false;
    const std::scoped_lock held(lock_);
    if (entries_.empty() || entries_.front().deadline > now) return false;
    due = entries_.front();
    std::pop_heap(entries_.begin(), entries_.end(), later);
    entries_.pop_back();
    publish();
    return true;
}

// A fiber whose waits have now a far and now a near deadline leaves an entry behind for each far one. Done at twice the size that
// was left the last time, it costs a constant time an entry, and the heap stays within twice what is needed.
void timer_heap::drop_clutter() noexcept {
    std::erase_if(entries_, [](const entry& e) {
        return !all_fibers[e.fiber_index].timer.is_armed_at(e.deadline);
    });
    std::make_heap(entries_.begin(), entries_.end(), later);
    clean_at_ = std::max<std::size_t>(64, entries_.size() * 2);
}

void timer_heap::publish() noexcept {
    earliest_.store(entries_.empty() ? never : entries_.front().deadline,
                    std::memory_order_release);
}

}  // namespace mioco::detail
