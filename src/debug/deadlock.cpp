// SPDX-License-Identifier: MPL-2.0
#include "debug/deadlock.hpp"

#include <cstdio>
#include <mutex>

#include "base/racing.hpp"
#include "debug/dump.hpp"
#include "fiber/fiber_table.hpp"
#include "runtime/runtime_core.hpp"

namespace mioco::detail {

// By one unconfirmed look: if the fiber does something else meanwhile, somebody runs, and asks again when he is done.
bool deadlock_search::sees_witness() const noexcept {
    const std::uint32_t index = witness_.load(std::memory_order_relaxed);
    if (index == 0) return false;
    const fiber& f = all_fibers[index];
    if (f.home.load(std::memory_order_relaxed) != &home_) return false;
    if (f.word.kept_epoch()) return true;
    return f.word.open_epoch() && facts_of(load_racing(f.waits_for)).who == woken_by::anybody;
}

nanoseconds_t deadlock_search::look() noexcept {
    if (sees_witness()) [[likely]]
        return never;
    if (home_.settings().deadlocks == on_deadlock::ignore || !home_.has_fibers() ||
        reported_.load(std::memory_order_relaxed)) {
        return never;
    }
    // Whoever is looking may have begun before the last fiber parked.
    const std::unique_lock held(looking_, std::try_to_lock);
    if (!held) return pause_ns;
    return search();
}

// What is read between two looks at an open wait belongs to it.
deadlock_search::sight deadlock_search::look_at(fiber& f) const noexcept {
    if (f.home.load(std::memory_order_acquire) != &home_) return {finding::foreign};
    // What a scheduler keeps it may let run at any time.
    if (f.word.kept_epoch()) return {finding::wakeable};
    const auto epoch = f.word.open_epoch();
    if (!epoch) return {finding::active};
    const bool may_be_woken =
        facts_of(load_racing(f.waits_for)).who == woken_by::anybody || f.timer.deadline() != never;
    if (!f.word.is_still_open(*epoch)) return {finding::active};
    return {may_be_woken ? finding::wakeable : finding::stuck, *epoch};
}

// Whether one was found, or the whole table has been walked past.
bool deadlock_search::find_witness() noexcept {
    const std::uint32_t end = all_fibers.end_index();
    for (std::uint32_t i = 0; i < blocks_a_look && walked_ < end; ++i, ++walked_) {
        position_ = position_ + 1 < end ? position_ + 1 : 1;
        if (look_at(all_fibers[position_]).what != finding::wakeable) continue;
        witness_.store(position_, std::memory_order_relaxed);
        walked_ = 0;
        return true;
    }
    return false;
}

nanoseconds_t deadlock_search::search() noexcept {
    if (find_witness()) return never;
    if (walked_ < all_fibers.end_index()) return pause_ns;
    walked_ = 0;
    if (!is_deadlock()) return pause_ns;
    reported_.store(true, std::memory_order_relaxed);
    char headline[160];
    std::snprintf(headline, sizeof headline,
                  "mioco: deadlock: all %zu fibers of a runtime wait for each other, and nothing "
                  "else can wake one (config::deadlocks):\n",
                  home_.fiber_count());
    dump_to_stderr(headline, home_);
    return never;
}

// Nothing if one is not stuck.
std::optional<deadlock_search::tally> deadlock_search::count_stuck() noexcept {
    tally met;
    const std::uint32_t end = all_fibers.end_index();
    for (std::uint32_t index = 1; index < end; ++index) {
        const sight seen = look_at(all_fibers[index]);
        if (seen.what == finding::foreign) continue;
        if (seen.what != finding::stuck) return std::nullopt;
        ++met.count;
        const std::uint64_t wait = wait_token(index, seen.epoch).raw() * 0x9e3779b97f4a7c15;
        met.waits += wait ^ wait >> 29;
    }
    return met;
}

// Waits that are open at both walks were open all the time between: an epoch does not come back. So there was a moment when
// these fibers were all that lived, and waited for each other. Then they still do: nobody was left to change that, but for a
// stop.
bool deadlock_search::is_deadlock() noexcept {
    const auto before = count_stuck();
    if (!before || before->count == 0) return false;  // 0: the last one has just ended
    const std::size_t living = home_.fiber_count();
    return living == before->count && count_stuck() == before && !home_.is_stopping();
}

}  // namespace mioco::detail
