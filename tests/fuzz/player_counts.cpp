// SPDX-License-Identifier: MPL-2.0
#include "fuzz/player.hpp"

namespace mioco_fuzz {

using enum act;

bool player::play_flag(const operation& one) {
    if (kind_of(one.what) == kind::tickets) {
        ticket_object& it = *in_->tickets[one.object];
        if (one.what == act::take_ticket || one.what == take_ticket_for) {
            take_ticket(it, one);
            return true;
        }
        const std::unique_lock held(it.guard);
        it.tickets += one.what == add_ticket ? 1 : 2;
        one.what == add_ticket ? it.real.notify_one() : it.real.notify_all();
        return true;
    }
    event_object& it = *in_->events[one.object];
    const std::uint64_t call = in_->log.tick();
    switch (one.what) {
        case notify_event:
            it.known.set(true);
            it.real.notify();
            break;
        case reset_event:
            it.known.set(false);
            it.real.reset();
            break;
        case try_event: {
            const bool was = it.real.try_wait();
            it.known.check_is(was);
            it.known.set(false);
            break;
        }
        case wait_event_for:
            if (limited(
                    one, [&] { return it.real.wait_for(limit_of(one)); },
                    [](bool result) { return !result; }))
                it.known.check_held(call);
            break;
        default: {
            const waits here(*this, one, {[&] { return it.known.why_not_waiting(); }});
            it.real.wait();
            it.known.check_held(call);
        }
    }
    return true;
}

bool player::play_count(const operation& one) {
    const std::uint64_t call = in_->log.tick();
    if (kind_of(one.what) == kind::barrier) {
        meet(*in_->barriers[one.object], one);
    } else if (kind_of(one.what) == kind::latch) {
        auto& it = *in_->latches[one.object];
        if (one.what == count_down) {
            const unsigned count = std::min(it.left, one.amount);
            it.left -= count;
            if (it.left == 0) it.known.set(true);
            it.real.count_down(count);
        } else {
            const waits here(*this, one, {[&] { return it.known.why_not_waiting(); }});
            it.real.wait();
            it.known.check_held(call);
        }
    } else {
        auto& it = *in_->groups[one.object];
        if (one.what == add_to_group) {
            it.left += one.amount;
            it.known.set(false);
            it.real.add(one.amount);
        } else if (one.what == done_in_group) {
            if (it.left == 0) return true;
            if (--it.left == 0) it.known.set(true);
            it.real.done();
        } else if (one.what == wait_group_for) {
            if (limited(
                    one, [&] { return it.real.wait_for(limit_of(one)); },
                    [](bool result) { return !result; }))
                it.known.check_held(call);
        } else {
            const waits here(*this, one, {[&] { return it.known.why_not_waiting(); }});
            it.real.wait();
            it.known.check_held(call);
        }
    }
    return true;
}

void player::meet(barrier_object& of, const operation& one) {
    if (of.expected == 0) return;
    const std::uint64_t phase = of.phase;
    if (one.what == arrive_and_drop) {
        of.arrives(1, true);
        return of.real.arrive_and_drop();
    }
    of.arrives(1, false);
    auto token = of.real.arrive();
    const waits here(*this, one, {[&of, phase] {
        return of.phase > phase ? std::string("the phase is over") : std::string();
    }});
    of.real.wait(std::move(token));
    if (of.phase == phase) in_->log.fail("a barrier let go before the phase was over");
}

}  // namespace mioco_fuzz
