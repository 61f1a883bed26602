// SPDX-License-Identifier: MPL-2.0
#include "sched/shared_fibers.hpp"

#include <algorithm>
#include <mutex>

namespace mioco::detail {

namespace {

constexpr nanoseconds_t longest_unstarted_ns = 1'000'000'000;
constexpr unsigned most_looks = 4096;
// So many go to the others then: a small share, as a tree's come back with their branches, and would be more each time; some at least, and
// not so many that the lock is held for long. Where newer ones come all the time, one waits for about so many times as long.
constexpr std::size_t share_overdue = 32;
constexpr std::size_t fewest_overdue = 64;
constexpr std::size_t most_overdue = 4096;
// Of so many turns of workers that have little else one is for those that wait in order, as long as there are others.
constexpr unsigned turns = 8;

}  // namespace

void shared_fibers::push(ready_list& fibers) noexcept {
    const std::size_t count = fibers.size();
    const std::scoped_lock held(lock_);
    in_order_.append(fibers);
    count_.fetch_add(count, std::memory_order_seq_cst);
}

void shared_fibers::push_unstarted(std::span<ready_list> lists, nanoseconds_t now) noexcept {
    const std::scoped_lock held(lock_);
    if (unstarted_.empty()) {
        due_.store(now + longest_unstarted_ns, std::memory_order_relaxed);
        looks_.store(0, std::memory_order_relaxed);
    }
    const std::size_t before = unstarted_.size();
    for (ready_list& each : lists) unstarted_.push(each);
    count_.fetch_add(unstarted_.size() - before, std::memory_order_seq_cst);
}

ready_list shared_fibers::take_some(unsigned workers, std::size_t most) noexcept {
    if (count_.load(std::memory_order_relaxed) == 0) return {};
    const std::scoped_lock held(lock_);
    return take_in_order(workers, std::min(most, most_taken));
}

ready_list shared_fibers::take_any(unsigned workers) noexcept {
    if (count_.load(std::memory_order_relaxed) == 0) return {};
    const std::scoped_lock held(lock_);
    if (unstarted_.empty() || (!in_order_.empty() && ++turn_ % turns == 0))
        return take_in_order(workers, most_taken);
    ready_list taken = unstarted_.pop(most_taken);
    count_.fetch_sub(taken.size(), std::memory_order_relaxed);
    if (unstarted_.empty()) due_.store(never, std::memory_order_relaxed);
    return taken;
}

ready_list shared_fibers::take_in_order(unsigned workers, std::size_t most) noexcept {
    ready_list taken = in_order_.take(std::min(in_order_.size() / workers + 1, most));
    count_.fetch_sub(taken.size(), std::memory_order_relaxed);
    return taken;
}

void shared_fibers::age_unstarted(nanoseconds_t now) noexcept {
    looks_.store(looks_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (!is_due(now)) return;
    const std::scoped_lock held(lock_);
    if (!is_due(now)) return;
    unstarted_.move_oldest_to(
        in_order_, std::clamp(unstarted_.size() / share_overdue, fewest_overdue, most_overdue));
    due_.store(unstarted_.empty() ? never : now + longest_unstarted_ns, std::memory_order_relaxed);
    looks_.store(0, std::memory_order_relaxed);
}

bool shared_fibers::is_due(nanoseconds_t now) const noexcept {
    return due_.load(std::memory_order_relaxed) <= now ||
           looks_.load(std::memory_order_relaxed) >= most_looks;
}

}  // namespace mioco::detail
