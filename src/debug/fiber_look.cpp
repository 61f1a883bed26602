// SPDX-License-Identifier: MPL-2.0
#include "debug/fiber_look.hpp"

#include <cstring>
#include <mutex>
#include <optional>

#include "base/racing.hpp"
#include "base/sys.hpp"
#include "context/backtrace.hpp"
#include "fiber/fiber_extras.hpp"
#include "runtime/runtime_core.hpp"
#include "runtime/runtime_list.hpp"
#include "sched/worker.hpp"

// How to look at a fiber that others run meanwhile. Blocks and stacks are never unmapped, so whatever is read is memory. What was
// read of a parked fiber is true if its wait is parked and unclaimed before and after, as its epoch tells; the rest is words that
// are each true at their moment.

namespace mioco::detail {

namespace {
constexpr std::size_t page = 4096;
}  // namespace

stack_copies::~stack_copies() {
    if (memory_ != nullptr) sys::unmap(memory_, most_bytes + page);
}

std::span<std::uint64_t> stack_copies::copy(fiber& f, std::uint64_t epoch,
                                            std::uintptr_t& original) noexcept {
    const auto* const from = static_cast<const std::byte*>(load_racing(f.ctx.stack_pointer));
    const stack memory{load_racing(f.memory.base), load_racing(f.memory.kind)};
    if (!f.word.is_still_open(epoch)) return {};
    if (from < memory.bottom() || from >= memory.top()) return {};
    const auto bytes = static_cast<std::size_t>(memory.top() - from);
    if (bytes > most_bytes) return {};
    if (memory_ == nullptr) {
        const long mapped = sys::map_anonymous(most_bytes + page);
        if (mapped < 0) return {};
        memory_ = reinterpret_cast<std::byte*>(mapped);
    }
    original = reinterpret_cast<std::uintptr_t>(from);
    auto* const to = reinterpret_cast<std::uint64_t*>(memory_ + original % page);
    copy_racing(to, reinterpret_cast<const std::uint64_t*>(from), bytes / sizeof *to);
    if (!f.word.is_still_open(epoch)) return {};
    return {to, bytes / sizeof *to};
}

void fiber_look::look_at_wait(fiber& f, stack_copies& copies) noexcept {
    const std::optional<std::uint64_t> epoch = f.word.open_epoch();
    if (!epoch) {
        if (f.word.kept_epoch()) what = state::kept;
        return;
    }
    why = load_racing(f.waits_for);
    parked_at = load_racing(f.parked_at);
    if (!f.word.is_still_open(*epoch)) return;
    what = state::parked;
    std::uintptr_t original = 0;
    const auto frames = copies.copy(f, *epoch, original);
    call_count = frames.empty() ? 0 : find_calls(frames, original, calls);
}

bool fiber_look::take(fiber& f, const runtime_core* only, stack_copies& copies) noexcept {
    const std::scoped_lock held(existing_runtimes.lock());
    const runtime_core* const home = f.home.load(std::memory_order_acquire);
    if (home == nullptr || (only != nullptr && home != only) || !existing_runtimes.contains(home))
        return false;
    id = f.number();
    what = state::ready;
    call_count = 0;
    // One of the workers of `home`, or of a later runtime that uses the block; the lock keeps each of them.
    const worker* const on = load_racing(f.on);
    has_begun = on != nullptr;
    if (on != nullptr && on->is_running(f)) {
        what = state::running;
        on_worker = on->number();
    } else {
        look_at_wait(f, copies);
    }
    is_asked_to_stop = f.cancel_requested();
    joiner = f.end.waiter().index();
    copy_name(f, name, sizeof name);
    const std::string& home_name = home->settings().name;
    const std::size_t size = home_name.copy(runtime, sizeof runtime - 1);
    runtime[size] = '\0';
    return f.home.load(std::memory_order_acquire) == home && f.number() == id;
}

}  // namespace mioco::detail
