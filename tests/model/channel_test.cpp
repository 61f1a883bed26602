// SPDX-License-Identifier: MPL-2.0
#include <mioco/detail/channel_state.hpp>

#include <optional>

#include "model/channel_model.hpp"
#include "model/expect.hpp"

namespace mioco::model {
namespace {

using detail::arm_queue;
using detail::queued_arm;
using detail::transfer;
using detail::wait_arm;
using detail::wake_up;

struct faults {
    bool tries_and_waits_apart = false;  // gives the guard back before it gets into line
    bool leaves_unguarded = false;       // the line, after a wait that nobody in it has ended
    bool forgets_the_wake_up = false;    // that an attempt has brought about
    bool takes_any_claim = false;        // for an item, though the channel was closed
};

/// Fibers that send and fibers that receive, and somebody who ends the channel, perhaps the wait of one before. Follows send_item and receive_item
/// in mioco/detail/channel_calls.hpp, with wait_last_in_line.
struct ends {
    enum class other { nobody, cancels_sender, cancels_receiver, closes };
    struct shape {
        std::size_t capacity;
        int senders;
        int receivers;
        int items;  // each sends
        other who = other::nobody;
        faults wrong = {};
    };

    ends(checker& run, shape with) : s(with), state(with.capacity) {
        run.name(state, "channel");
        for (channel_fiber& each : fibers) run.name(each, "fiber");
        for (int i = 0; i < s.senders; ++i) run.thread("sender", [this, i] { send_all(i); });
        for (int i = 0; i < s.receivers; ++i)
            run.thread("receiver", [this, i] { receive_all(s.senders + i); });
        if (s.who != other::nobody) {
            run.thread("closer", [this] {
                if (s.who == other::cancels_sender) fibers[0].ask_to_stop();
                if (s.who == other::cancels_receiver) fibers[s.senders].ask_to_stop();
                state.close();
            });
        }
        run.at_end([this] {
            check(state.senders.empty() && state.receivers.empty(), "nobody is left in line");
            int taken = 0;
            for (const int each : received) taken += each;
            check(taken + static_cast<int>(state.size()) == accepted, "each item is in one place");
        });
    }

    void send_all(int who) {
        for (int i = 0; i < s.items; ++i) {
            const transfer result = send(fibers[who], 10 * who + i);
            if (result != transfer::done) return;
        }
    }

    // The share of each, or less where somebody interferes.
    void receive_all(int who) {
        for (int i = 0; i < s.senders * s.items / s.receivers; ++i) {
            std::optional<int> into;
            const transfer result = receive(fibers[who], into);
            check(into.has_value() == (result == transfer::done), "who is done has an item");
            if (!into) return;
            check(received[*into]++ == 0, "an item is received once");
            check(*into % 10 == 0 || received[*into - 1] == 1 || s.receivers > 1,
                  "the items of one sender come in order");
        }
    }

    transfer send(channel_fiber& self, int item) {
        const int number = item;
        for (;;) {
            wake_up woken;
            state.guard.lock();
            transfer result = state.send_now(item, woken);
            if (result == transfer::would_wait) {
                queued_arm arm;
                arm.item = &item;
                result = wait(self, state.senders, arm);
            } else {
                const std::size_t room = state.room();
                state.guard.unlock();
                if (!s.wrong.forgets_the_wake_up) woken.carry_out();
                if (result == transfer::out_of_room) {
                    state.grow(room);
                    continue;
                }
            }
            accepted += result == transfer::done ? 1 : 0;
            if (result != transfer::done) check(item == number, "who is not done keeps the item");
            return result;
        }
    }

    transfer receive(channel_fiber& self, std::optional<int>& into) {
        wake_up woken;
        state.guard.lock();
        const transfer result = state.receive_now(into, woken);
        if (result == transfer::would_wait) {
            queued_arm arm;
            arm.item = &into;
            return wait(self, state.receivers, arm);
        }
        state.guard.unlock();
        if (!s.wrong.forgets_the_wake_up) woken.carry_out();
        return result;
    }

    transfer wait(channel_fiber& self, arm_queue& line, queued_arm& arm) {
        if (s.wrong.tries_and_waits_apart) {
            state.guard.unlock();
            state.guard.lock();
        }
        arm.token = self.token(self.word.begin(false)).raw();
        line.push(arm);
        state.guard.unlock();
        self.park();
        if (self.word.winner() == wait_arm::first)
            return arm.refused && !s.wrong.takes_any_claim ? transfer::closed : transfer::done;
        if (!s.wrong.leaves_unguarded) state.guard.lock();
        if (arm.linked) line.remove(arm);
        if (!s.wrong.leaves_unguarded) state.guard.unlock();
        return transfer::would_wait;
    }

    const shape s;
    channel state;
    channel_fiber fibers[3] = {channel_fiber(1), channel_fiber(2), channel_fiber(3)};
    int received[20] = {};  // by the receivers, which go on alone
    int accepted = 0;
};

using shape = ends::shape;
using other = ends::other;

TEST(channel, items_go_from_hand_to_hand_each_once_and_in_order) {
    expect_holds(explore<ends>({}, shape{0, 1, 1, 2}));
}

TEST(channel, items_go_through_a_buffer_each_once_and_in_order) {
    expect_holds(explore<ends>({}, shape{1, 1, 1, 3}));
}

TEST(channel, two_senders_share_a_buffer) {
    expect_holds(explore<ends>({}, shape{1, 2, 1, 1}));
    expect_holds(explore<ends>({.preemptions = 2}, shape{1, 2, 1, 2}));
}

TEST(channel, two_receivers_share_the_items) {
    expect_holds(explore<ends>({}, shape{0, 1, 2, 2}));
    expect_holds(explore<ends>({}, shape{channel::unbounded, 1, 2, 2}));
}

TEST(channel, who_is_cancelled_takes_no_item_along) {
    for (const other who : {other::cancels_sender, other::cancels_receiver}) {
        expect_holds(explore<ends>({}, shape{0, 1, 1, 1, who}));
    }
}

TEST(channel, its_end_leaves_nobody_behind_and_no_item) {
    expect_holds(explore<ends>({}, shape{0, 1, 1, 1, other::closes}));
    expect_holds(explore<ends>({}, shape{1, 1, 1, 2, other::closes}));
}

TEST(channel, mutant_that_tries_and_waits_apart_misses_the_other) {
    expect_violation(
        explore<ends>({}, shape{0, 1, 1, 1, other::nobody, {.tries_and_waits_apart = true}}),
        waits_for_ever);
}

TEST(channel, mutant_that_leaves_the_line_unguarded_takes_an_item_along) {
    expect_violation(
        explore<ends>({}, shape{0, 1, 1, 1, other::cancels_receiver, {.leaves_unguarded = true}}),
        "who is done has an item");
}

TEST(channel, mutant_that_forgets_a_wake_up_leaves_a_fiber_behind) {
    expect_violation(
        explore<ends>({}, shape{0, 1, 1, 1, other::nobody, {.forgets_the_wake_up = true}}),
        waits_for_ever);
}

TEST(channel, mutant_that_takes_a_refusal_for_an_item) {
    expect_violation(explore<ends>({}, shape{0, 1, 1, 1, other::closes, {.takes_any_claim = true}}),
                     "each item is in one place");
}

}  // namespace
}  // namespace mioco::model
