// SPDX-License-Identifier: MPL-2.0
#include <mioco/no_park.hpp>

#include <cstdio>
#include <cstdlib>
#include <limits>

#include "context/own_calls.hpp"
#include "debug/dump.hpp"
#include "debug/fiber_look.hpp"
#include "fiber/fiber_table.hpp"
#include "sched/current.hpp"
#include "sched/worker.hpp"
#include "sched/worker_switch.hpp"

// The fiber with a guard is the only one that its worker runs, so the guards are the worker's. The worker has no switches left until its
// next look around, and so each switch comes by the branch that it takes once in 61 else; there it is refused. Others pay nothing.

namespace mioco::detail {

namespace {

[[noreturn]] void abort_misused(std::uint64_t fiber, const std::source_location& made_at,
                                const char* what) noexcept {
    std::fprintf(stderr, "mioco: the no_park of fiber %llu, made at %s:%u, %s\n",
                 static_cast<unsigned long long>(fiber), made_at.file_name(),
                 static_cast<unsigned>(made_at.line()), what);
    std::abort();
}

}  // namespace

void begin_no_park(no_park_region& region) noexcept {
    if (const fiber* const self = current_fiber()) self->on->forbid_leaving(region, *self);
}

void end_no_park(no_park_region& region) noexcept {
    if (region.on == nullptr) return;
    const fiber* const self = current_fiber();
    if (self == nullptr || self->number() != region.fiber)
        abort_misused(region.fiber, region.begins_at, "ends outside of that fiber");
    region.on->allow_leaving(region);
}

// A fiber that goes on at another's end comes here before the worker has looked whether a guard has outlived that one.
void worker::forbid_leaving(no_park_region& region, const fiber& self) noexcept {
    if (no_park_ == nullptr) {
        ticks_kept_ = std::exchange(ticks_left_, std::numeric_limits<std::int32_t>::min() / 2);
    } else if (no_park_fiber_ != self.number()) {
        refuse_outlived_guard();
    }
    region.on = this;
    region.fiber = no_park_fiber_ = self.number();
    no_park_made_at_ = region.begins_at;
    region.outer = std::exchange(no_park_, &region);
}

void worker::allow_leaving(const no_park_region& region) noexcept {
    no_park_region** link = &no_park_;
    while (*link != &region) link = &(*link)->outer;
    *link = region.outer;
    if (no_park_ == nullptr) {
        ticks_left_ = ticks_kept_;
    } else {
        no_park_made_at_ = no_park_->begins_at;
    }
}

void worker::refuse_outlived_guard() noexcept {
    abort_misused(no_park_fiber_, no_park_made_at_, "has outlived that fiber");
}

void worker::refuse_to_leave(const fiber& self) noexcept {
    if (no_park_fiber_ != self.number()) refuse_outlived_guard();
    const no_park_region& region = *no_park_;
    const bool yields = handover_.what == handover::action::requeue;
    const bool has_reason = region.reason != nullptr && *region.reason != '\0';
    char headline[512];
    std::snprintf(headline, sizeof headline,
                  "mioco: a call would %s%s, which the no_park%s%s%s forbids that was made at "
                  "%s:%u:\n",
                  yields ? "let other fibers run: " : "wait for ",
                  reason_text(yields ? wait_reason::yield : self.waits_for), has_reason ? " (" : "",
                  has_reason ? region.reason : "", has_reason ? ")" : "",
                  region.begins_at.file_name(), static_cast<unsigned>(region.begins_at.line()));
    fiber_look seen;
    stack_copies none;
    seen.take(all_fibers[self.index], nullptr, none);
    seen.call_count = find_own_calls(seen.calls);
    put_fiber_on_stderr(headline, seen);
    std::abort();
}

}  // namespace mioco::detail
