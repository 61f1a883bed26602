// SPDX-License-Identifier: MPL-2.0
#include "debug/deadlock.hpp"

#include <cstdio>
#include <mutex>

#include "base/racing.hpp"
#include "base/sys.hpp"
#include "debug/dump.hpp"
#include "fiber/fiber_table.hpp"
#include "runtime/runtime_core.hpp"
#include "runtime/runtime_list.hpp"
#include "runtime/stop_signals.hpp"

namespace mioco::detail {

// By one unconfirmed look: if the fiber does something else meanwhile, somebody runs, and asks again when he is done.
std::optional<woken_by> deadlock_search::witness_now() const noexcept {
    const std::uint32_t index = witness_.get();
    if (index == 0) return std::nullopt;
    const fiber& f = all_fibers[index];
    if (f.home.load(std::memory_order_relaxed) != &home_) return std::nullopt;
    if (f.word.kept_epoch()) return woken_by::anybody;
    const woken_by who = facts_of(load_racing(f.waits_for)).who;
    if (!f.word.open_epoch() || who == woken_by::fibers) return std::nullopt;
    return who;
}

nanoseconds_t deadlock_search::look_further(std::optional<woken_by> witness) noexcept {
    const auto was_reported = [&] { return reported_.load(std::memory_order_relaxed); };
    if (home_.settings().deadlocks == on_deadlock::ignore || home_.most_fibers() == 0 ||
        was_reported() || home_.io().is_repeatable()) {
        return never;
    }
    // Whoever is looking may have begun before the last fiber parked.
    const std::unique_lock held(looking_, std::try_to_lock);
    if (!held) return pause_ns;
    if (was_reported()) return never;  // by who looked just before
    if (!outsiders_) return search();
    // Not at each look, as counting is a system call; when nothing happens any more, once.
    const nanoseconds_t now = home_.io().now();
    const bool recount = now >= recount_at_;
    if (recount) count_outsiders(now);
    const bool may_be_woken = (outsiders_ && witness == woken_by::threads) || find_witness();
    if (!may_be_woken) return search();
    return recount ? never : recount_at_ - now;
}

// Whether there may be somebody in this process who could wake a fiber, and is no fiber of this runtime. If all its fibers wait all
// the while, then no thread of the pool has a job, and none is added to it; so if what is known before and after is what there is,
// those are all, and they are idle. A scheduler is the user's code, which a worker calls; a signal that stops the runtime is an end
// that somebody wants.
void deadlock_search::count_outsiders(nanoseconds_t now) noexcept {
    const std::size_t known = home_.thread_count();
    outsiders_ = known == 0 || known != sys::thread_count() || known != home_.thread_count() ||
                 home_.settings().scheduler || has_stop_signal(home_) ||
                 !existing_runtimes.is_only_one(home_);
    recount_at_ = now + recount_pause_ns;
}

// What is read between two looks at an open wait belongs to it.
deadlock_search::sight deadlock_search::look_at(fiber& f) const noexcept {
    if (f.home.load(std::memory_order_acquire) != &home_) return {finding::foreign};
    // What a scheduler keeps it may let run at any time.
    if (f.word.kept_epoch()) return {finding::wakeable};
    const auto wait = f.word.open();
    if (!wait) return {finding::active};
    const woken_by who = facts_of(load_racing(f.waits_for)).who;
    const bool may_be_woken =
        who == woken_by::anybody || is_ended_by(f.timer.deadline(), wait->masks_deadline);
    if (!f.word.is_still_open(wait->epoch)) return {finding::active};
    if (may_be_woken) return {finding::wakeable};
    return {who == woken_by::threads ? finding::stuck_inside : finding::stuck, wait->epoch};
}

// Whether one was found, or the whole table has been walked past.
bool deadlock_search::find_witness() noexcept {
    const std::uint32_t end = all_fibers.end_index();
    for (std::uint32_t i = 0; i < blocks_a_look && walked_ < end; ++i, ++walked_) {
        position_ = position_ + 1 < end ? position_ + 1 : 1;
        const finding seen = look_at(all_fibers[position_]).what;
        if (seen != finding::wakeable && !(outsiders_ && seen == finding::stuck_inside)) continue;
        witness_.set(position_);
        walked_ = 0;
        return true;
    }
    return false;
}

void deadlock_search::report() const noexcept {
    char who[96] = "the only fiber of a runtime waits, and nothing can wake it";
    if (const std::size_t count = home_.fiber_count(); count != 1) {
        std::snprintf(
            who, sizeof who,
            "all %zu fibers of a runtime wait for each other, and nothing else can wake one",
            count);
    }
    char headline[160];
    std::snprintf(headline, sizeof headline, "mioco: deadlock: %s (config::deadlocks):\n", who);
    dump_to_stderr(headline, home_);
}

nanoseconds_t deadlock_search::search() noexcept {
    if (find_witness()) return never;
    if (walked_ < all_fibers.end_index()) return pause_ns;
    walked_ = 0;
    if (!is_deadlock()) return pause_ns;
    reported_.store(true, std::memory_order_relaxed);
    report();
    return never;
}

// Nothing if one is not stuck.
std::optional<deadlock_search::tally> deadlock_search::count_stuck() noexcept {
    tally met;
    const std::uint32_t end = all_fibers.end_index();
    for (std::uint32_t index = 1; index < end; ++index) {
        const sight seen = look_at(all_fibers[index]);
        if (seen.what == finding::foreign) continue;
        if (seen.what != finding::stuck && seen.what != finding::stuck_inside) return std::nullopt;
        ++met.count;
        met.needs_nobody_else |= seen.what == finding::stuck_inside;
        const std::uint64_t wait = wait_token(index, seen.epoch).raw() * 0x9e3779b97f4a7c15;
        met.waits += wait ^ wait >> 29;
    }
    return met;
}

// Waits that are open at both walks were open all the time between: an epoch does not come back. So there was a moment when
// these fibers were all that lived, and waited for each other, and nobody else was there who could wake one. Then they still
// do: nobody was left to change that, but for a stop.
bool deadlock_search::is_deadlock() noexcept {
    const auto before = count_stuck();
    if (!before || before->count == 0) return false;  // 0: the last one has just ended
    const std::size_t living = home_.most_fibers();
    if (living != before->count) return false;
    if (before->needs_nobody_else) count_outsiders(home_.io().now());
    if (before->needs_nobody_else && outsiders_) return false;
    return count_stuck() == before && !home_.is_stopping();
}

}  // namespace mioco::detail
