// SPDX-License-Identifier: MPL-2.0
#include "fiber/wait_slot.hpp"

#include <cstdint>

#include "io/fd_side.hpp"
#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

using detail::wait_arm;
using detail::wait_token;
using slot_type = detail::basic_wait_slot<relacy_sync>;
using arming = slot_type::arming;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::uint32_t reader = 1;
constexpr wait_token some_wait(reader, 1);

/// A reader that consumes an old event, finds nothing, and waits; something comes, and its event.
template <class Self>
struct one_read : scenario<Self> {
    void before() { static_cast<void>(slot.post()); }
    void thread(unsigned number) {
        if (number == 0) {
            slot.consume(reader);
            if (items.load() == 0) sleeps = slot.arm(some_wait) == arming::armed;
        } else {
            items.store(1);
            static_cast<Self&>(*this).tell();
        }
    }
    void after() { check(!sleeps || is_woken, "no reader sleeps while there is data"); }

    slot_type slot;
    atomic<int> items;  // in the kernel
    bool sleeps = false;
    bool is_woken = false;
};

struct an_event_is_posted : one_read<an_event_is_posted> {
    void tell() { is_woken = static_cast<bool>(slot.post()); }
};

struct an_event_is_posted_if_open : one_read<an_event_is_posted_if_open> {
    void tell() { is_woken = static_cast<bool>(slot.try_post().value_or(wait_token())); }
};

struct an_event_is_kept : one_read<an_event_is_kept> {
    void tell() {
        if (!slot.keeps_event()) is_woken = static_cast<bool>(slot.post());
    }
};

/// An event for who waits in the slot, who leaves it then, while another one gets in line behind.
template <class Self>
struct two_waiters : scenario<Self> {
    void before() { static_cast<void>(slot.arm(some_wait)); }
    void thread(unsigned number) {
        if (number == 0) {
            static_cast<Self&>(*this).leave();
            is_passed_on = queued.load() != 0;
        } else {
            queued.store(1);
            waits = slot.is_occupied();
        }
    }
    void after() { check(!waits || is_passed_on, "somebody holds the baton"); }

    slot_type slot;
    atomic<int> queued;
    bool is_passed_on = false;
    bool waits = false;
};

struct the_first_has_its_event : two_waiters<the_first_has_its_event> {
    void leave() { static_cast<void>(slot.try_post()); }
};

struct the_first_gives_up : two_waiters<the_first_gives_up> {
    void leave() { slot.disarm(some_wait); }
};

/// The end of a fiber, and a joiner.
struct a_fiber_is_joined : scenario<a_fiber_is_joined> {
    void thread(unsigned number) {
        if (number == 0) {
            outcome.set(1);
            static_cast<void>(end.try_post());
        } else {
            wait_until([this] { return end.is_ready(); });
            check(outcome.get() == 1, "a joiner has the outcome");
        }
    }

    slot_type end;
    plain<int> outcome;
};

/// The end of a fiber, and an owner who drops the handle: one of them disposes of the outcome.
struct a_fiber_is_detached : scenario<a_fiber_is_detached> {
    void thread(unsigned number) {
        if (number == 0) {
            outcome.set(1);
            if (!end.try_post()) dispose();
        } else if (end.close_and_consume()) {
            dispose();
        }
    }
    void dispose() { outcome.set(outcome.get() - 1); }
    void after() { check(outcome.get() == 0, "the outcome is disposed of once"); }

    slot_type end;
    plain<int> outcome;
};

/// A descriptor is marked as closed, then its slot: who waits in it is woken, and who comes finds the mark.
struct a_waiter_meets_a_close : scenario<a_waiter_meets_a_close> {
    void thread(unsigned number) {
        if (number == 0) {
            mark.store(true, relaxed);
            if (const wait_token token = slot.close()) wake(token);
            return;
        }
        const std::uint64_t epoch = word.begin(false);
        const arming found = slot.arm(wait_token(reader, epoch));
        if (found == arming::armed) {
            waits = true;
        } else {
            check(found == arming::was_closed && mark.load(relaxed), "who finds it closed knows");
        }
    }
    void wake(wait_token token) {
        is_woken = word.claim(token.epoch(), wait_arm::closed);
        check(slot.is_closed(), "closed is for ever");
    }
    void after() { check(waits == is_woken, "a close wakes who waits"); }

    slot_type slot;
    detail::basic_wait_word<relacy_sync> word;
    atomic<bool> mark;
    bool waits = false;
    bool is_woken = false;
};

/// The same, seen by others.
struct a_close_is_seen : scenario<a_close_is_seen> {
    void before() { static_cast<void>(slot.arm(some_wait)); }
    void thread(unsigned number) {
        if (number == 0) {
            mark.store(true, relaxed);
            static_cast<void>(slot.close());
        } else if (slot.is_closed()) {
            check(mark.load(relaxed), "who sees it closed knows");
        } else {
            static_cast<void>(slot.waiter());
        }
    }

    slot_type slot;
    atomic<bool> mark;
};

/// The same for who gets into line behind the slot.
struct a_close_meets_a_queue : scenario<a_close_meets_a_queue> {
    struct waker {
        detail::basic_wait_word<relacy_sync>& second;
        bool claim(wait_token token) const {
            return token.index() != reader && second.claim(token.epoch(), wait_arm::closed);
        }
        void complete(wait_token /*token*/) const { static_cast<void>(second.complete()); }
        void wake(wait_token /*token*/) const {}
    };

    void before() { static_cast<void>(side.slot().arm(some_wait)); }
    void thread(unsigned number) {
        if (number == 0) return side.close(waker{second});
        node.token = wait_token(reader + 1, second.begin(false)).raw();
        is_in_line = side.enqueue(node);
    }
    void after() { check(!is_in_line || second.is_done(), "a close wakes who is in line"); }

    detail::basic_fd_side<relacy_sync> side;
    detail::basic_wait_word<relacy_sync> second;
    detail::queued_arm node;
    bool is_in_line = false;
};

TEST(wait_slot, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<
        an_event_is_posted, an_event_is_posted_if_open, an_event_is_kept, the_first_has_its_event,
        the_first_gives_up, a_fiber_is_joined, a_fiber_is_detached, a_waiter_meets_a_close,
        a_close_is_seen, a_close_meets_a_queue>("fiber/wait_slot.hpp");
}

}  // namespace
}  // namespace mioco::relacy
