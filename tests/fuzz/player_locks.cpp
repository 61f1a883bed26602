// SPDX-License-Identifier: MPL-2.0
#include "fuzz/player.hpp"

namespace mioco_fuzz {

using enum act;

// `take` tells whether it has taken the lock, for which it never waits if `may_fail` and it has no limit.
template <class Lock, class TryTake>
void player::hold(Lock& of, const operation& one, bool shared, bool may_fail, TryTake take) {
    const std::uint64_t call = in_->log.tick();
    bool taken = false;
    if (may_fail) {
        taken = take();
        if (!taken) of.known.check_held(call, shared);
    } else {
        of.known.begins(call, shared);
        const waits here(*this, one, {[&] { return of.known.why_not_waiting(shared); }},
                         ended_by::deadlines);
        try {
            taken = take();
        } catch (...) {
            of.known.gives_up(call);
            throw;
        }
        if (!taken) of.known.gives_up(call);
    }
    if (!taken) return;
    of.known.taken(call, shared);
    const held_until last([&] {
        of.known.given_back(shared);
        if constexpr (requires { of.real.unlock_shared(); }) {
            if (shared) return of.real.unlock_shared();
        }
        of.real.unlock();
    });
    play(one.body);
}

bool player::play_mutex(const operation& one) {
    auto& it = *in_->mutexes[one.object];
    const auto in_limit = [&](auto call) {
        return limited(one, call, [](bool result) { return !result; });
    };
    if (one.what == lock) hold(it, one, false, false, [&] { return it.real.lock(), true; });
    if (one.what == try_lock) hold(it, one, false, true, [&] { return it.real.try_lock(); });
    if (one.what == lock_for) {
        hold(it, one, false, false,
             [&] { return in_limit([&] { return it.real.try_lock_for(limit_of(one)); }); });
    }
    if (one.what == lock_until) {
        hold(it, one, false, false, [&] {
            return in_limit([&] { return it.real.try_lock_until(virtual_now() + limit_of(one)); });
        });
    }
    return true;
}

bool player::play_shared_mutex(const operation& one) {
    auto& it = *in_->shared_mutexes[one.object];
    const auto in_limit = [&](auto call) {
        return limited(one, call, [](bool result) { return !result; });
    };
    if (one.what == write_lock) hold(it, one, false, false, [&] { return it.real.lock(), true; });
    if (one.what == read_lock)
        hold(it, one, true, false, [&] { return it.real.lock_shared(), true; });
    if (one.what == try_write_lock) hold(it, one, false, true, [&] { return it.real.try_lock(); });
    if (one.what == try_read_lock)
        hold(it, one, true, true, [&] { return it.real.try_lock_shared(); });
    if (one.what == write_lock_for) {
        hold(it, one, false, false,
             [&] { return in_limit([&] { return it.real.try_lock_for(limit_of(one)); }); });
    }
    if (one.what == read_lock_for) {
        hold(it, one, true, false,
             [&] { return in_limit([&] { return it.real.try_lock_shared_for(limit_of(one)); }); });
    }
    return true;
}

bool player::play_semaphore(const operation& one) {
    semaphore_object& it = *in_->semaphores[one.object];
    if (one.what == release_permit) {
        it.known.given(one.amount);
        it.real.release(one.amount);
    } else {
        take_permit(it, one);
    }
    return true;
}

void player::take_permit(semaphore_object& of, const operation& one) {
    const std::uint64_t call = in_->log.tick();
    of.known.begins();
    bool taken = false;
    try {
        if (one.what == try_acquire) {
            taken = of.real.try_acquire();
        } else if (one.what == acquire_for || one.what == take_permit_for) {
            taken = limited(
                one, [&] { return of.real.try_acquire_for(limit_of(one)); },
                [](bool result) { return !result; });
        } else {
            const waits here(*this, one, {[&] { return of.known.why_not_waiting(); }});
            of.real.acquire();
            taken = true;
        }
    } catch (...) {
        of.known.gives_up();
        throw;
    }
    if (!taken) {
        of.known.gives_up();
        if (one.what == try_acquire) of.known.check_none(call);
        return;
    }
    of.known.taken();
    if (one.what == act::take_permit || one.what == take_permit_for) return;
    const held_until last([&] {
        of.known.given(1);
        of.real.release();
    });
    play(one.body);
}

void player::call_once(once_object& of, const operation& one) {
    const waits here(*this, one, {[&] {
        return of.under_way == 0 ? std::string("nobody is about to do it") : std::string();
    }});
    mioco::call_once(of.real, [&] {
        if (of.done > 0) in_->log.fail("what is done once was done again");
        if (of.under_way++ > 0) in_->log.fail("two do at once what is done once");
        const held_until last([&] { --of.under_way; });
        play(one.body);
        ++of.done;
    });
    if (of.done != 1) in_->log.fail("a call_once returned before it was done");
}

void player::take_ticket(ticket_object& of, const operation& one) {
    const waits here(*this, one, {[&] {
        return of.tickets > 0 ? std::string("there is a ticket") : std::string();
    }});
    std::unique_lock held(of.guard);
    const auto there = [&] { return of.tickets > 0 || of.is_over; };
    if (one.what == act::take_ticket) {
        of.real.wait(held, there);
        if (!there()) in_->log.fail("a wait with a predicate ended before that holds");
    } else {
        const bool took = limited(
            one, [&] { return of.real.wait_for(held, limit_of(one), there); },
            [](bool result) { return !result; });
        if (took != there()) in_->log.fail("a wait tells of its predicate what is not so");
    }
    if (!held.owns_lock()) in_->log.fail("a wait ended without its lock");
    if (of.tickets > 0) --of.tickets;
}

}  // namespace mioco_fuzz
