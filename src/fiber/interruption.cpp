// SPDX-License-Identifier: MPL-2.0
#include "fiber/interruption.hpp"

#include <cerrno>
#include <system_error>

#include <mioco/deadline.hpp>
#include <mioco/error.hpp>

#include "fiber/fiber_extras.hpp"
#include "fiber/parking.hpp"
#include "io/driver.hpp"

namespace mioco::detail {

static_assert(deadline_failure == -ETIME && is_interruption(-ECANCELED));

namespace {

std::string text_of(nanoseconds_t time) {
    struct unit {
        nanoseconds_t ns;
        const char* name;
    };
    constexpr unit units[] = {
        {3'600'000'000'000, " h"}, {60'000'000'000, " min"}, {1'000'000'000, " s"},
        {1'000'000, " ms"},        {1'000, " us"},           {1, " ns"}};
    if (time == 0) return "0 s";
    for (const unit& each : units) {
        if (time % each.ns == 0) return std::to_string(time / each.ns) + each.name;
    }
    return {};
}

// Inline, as each frame on the way of a throw costs a tenth of it.
[[noreturn, gnu::always_inline]] inline void throw_cancel_of(fiber* self) {
    // Who swallows it and calls again is thrown it at once: nothing else would let those run that are to end.
    if (self != nullptr) spend(*self);
    throw fiber_cancelled();
}

}  // namespace

struct interruptions {
    static deadline_region* innermost(const fiber& self) noexcept {
        const fiber_extras* const extras = self.extras.load(std::memory_order_relaxed);
        return extras == nullptr ? nullptr : extras->deadlines;
    }

    static deadline_region::depth depth_of(const fiber& self) noexcept {
        const eh_globals& exceptions =
            self.is_thread ? *this_thread_eh_globals() : self.on->thread_exceptions();
        return {exceptions.in_flight, self.shields};
    }

    // That counts at the fiber's depth.
    static deadline_region* seen(const fiber& self) noexcept {
        deadline_region* const inner = innermost(self);
        return inner != nullptr && inner->depth_ == depth_of(self) ? inner : nullptr;
    }

    // By the clock at some calls only, as it takes longer than all the rest; else by the worker's last look at it, which is at most 128
    // calls old.
    static bool has_passed(deadline_region& region, const fiber& self) noexcept {
        constexpr std::uint8_t calls_a_look = 8;
        if (region.has_passed_) return true;
        const bool looks = self.is_thread || ++region.looks_ % calls_a_look == 0;
        const nanoseconds_t now = looks ? current_driver().now() : self.on->looked_at();
        region.has_passed_ = now >= region.at_;
        return region.has_passed_;
    }

    static bool deadline_passed(const fiber& self) noexcept {
        deadline_region* const region = seen(self);
        return region != nullptr && has_passed(*region, self);
    }

    static void note_passed(const fiber& self) noexcept {
        if (deadline_region* const region = seen(self)) region->has_passed_ = true;
    }

    static std::string text(const fiber& self) {
        const deadline_region* const region = seen(self);
        if (region == nullptr || !region->has_passed_) return {};
        return ", as the deadline" +
               (region->limit_ == never ? "" : " of " + text_of(region->limit_)) + " has passed";
    }
};

int look_for_interruption(fiber& self) noexcept {
    const bool requested = !self.is_thread && self.cancel_requested();
    if (requested && !is_masked(self)) return -ECANCELED;
    if (interruptions::innermost(self) != nullptr)
        return interruptions::deadline_passed(self) ? deadline_failure : 0;
    if (!requested) forget_hint(self);
    return 0;
}

int caller_interruption() noexcept {
    fiber* const self = known_waiter();
    return self == nullptr ? 0 : interruption(*self);
}

bool deadline_has_passed(fiber& self) noexcept {
    return self.may_be_cancelled.load(std::memory_order_relaxed) &&
           interruptions::deadline_passed(self);
}

wait_masks masks_inside(const fiber& self) noexcept {
    return interruptions::seen(self) != nullptr ? wait_masks::cancel
                                                : wait_masks::cancel_and_deadline;
}

void note_deadline_passed(fiber& self) noexcept { interruptions::note_passed(self); }

std::string deadline_text(std::int64_t failure) {
    if (failure != deadline_failure && failure != -ETIMEDOUT) return {};
    return interruptions::text(current_waiter());
}

void throw_interrupted(wait_reason why) {
    fiber& self = current_waiter();
    if (self.is_thread || look_for_interruption(self) == deadline_failure)
        throw_deadline_passed(why);
    throw_cancel_of(&self);
}

void throw_deadline_passed(wait_reason why) {
    fiber& self = current_waiter();
    if (!self.is_thread) spend(self);
    throw std::system_error(
        std::make_error_code(std::errc::timed_out),
        std::string("mioco: ") + facts_of(why).call + interruptions::text(self));
}

void throw_cancelled() { throw_cancel_of(current_fiber()); }

void throw_if_cancel(std::int64_t failure) {
    fiber* const self = current_fiber();
    if (failure == -ECANCELED && self != nullptr && interruption(*self) == failure)
        throw_cancelled();
}

deadline_region::deadline_region(nanoseconds_t at, nanoseconds_t limit)
    : self_(current_waiter()),
      outer_(needed_extras(self_).deadlines),
      timer_before_(self_.timer.deadline()),
      at_(at),
      limit_(limit),
      depth_(interruptions::depth_of(self_)),
      has_passed_(limit <= 0) {
    if (outer_ != nullptr && outer_->depth_ == depth_ && outer_->at_ <= at_) {
        at_ = outer_->at_;
        limit_ = outer_->limit_;
        has_passed_ = has_passed_ || outer_->has_passed_;
    }
    self_.extras.load(std::memory_order_relaxed)->deadlines = this;
    self_.timer.set(at_ == never ? never : as_ambient(at_));
    if (!self_.may_be_cancelled.load(std::memory_order_relaxed))
        self_.may_be_cancelled.store(true, std::memory_order_relaxed);
}

deadline_region::~deadline_region() {
    self_.extras.load(std::memory_order_relaxed)->deadlines = outer_;
    self_.timer.set(timer_before_);
    if (has_passed_ && outer_ != nullptr && outer_->depth_ == depth_ && outer_->at_ == at_)
        outer_->has_passed_ = true;
}

}  // namespace mioco::detail
