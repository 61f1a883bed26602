// SPDX-License-Identifier: MPL-2.0
#include <mioco/detail/spin_lock.hpp>
#include <mioco/detail/wait_queue.hpp>

#include "model/expect_steps.hpp"
#include "model/model_fiber.hpp"
#include "model/takers.hpp"

namespace mioco::model {
namespace {

using detail::arm_queue;
using detail::queued_arm;
using detail::wait_arm;
using detail::wait_token;

template <class Sync>
using takers = lock_takers<detail::basic_spin_lock<Sync>>;

struct tears_exchanges : no_fault {
    static constexpr bool torn_exchange = true;
};

TEST(spin_lock, threads_exclude_each_other_and_all_go_on) {
    expect_holds(explore<takers<model_sync>>({}, 2, 2));
    expect_holds(explore<takers<model_sync>>({}, 3, 1));
}

TEST(spin_lock, mutant_whose_exchange_is_torn_overwrites_that_it_is_free) {
    expect_violation(explore<takers<basic_model_sync<tears_exchanges>>>({}, 2, 1), waits_for_ever);
}

TEST(spin_lock, needs_each_step) {
    expect_needs_each_step("mioco/detail/spin_lock.hpp",
                           {[] { return explore<takers<model_sync>>({}, 2, 1); },
                            [] { return explore<takers<model_sync>>({}, 3, 1); }});
}

/// What a scenario does wrong, to be caught.
struct hand_over_faults {
    bool claims_unguarded = false;
    bool leaves_the_item = false;   // in a frame whose wait somebody else has ended
    bool leaves_unguarded = false;  // the line, after a wait that nobody in it has ended
};

/// The frame of somebody who waits in line.
struct frame {
    queued_arm arm;
    int item = 0;
    atomic<int> alive{1};

    void touch() { check(alive.load() == 1, "a frame is there while it is touched"); }
};

/// One who waits to receive, one who sends, a cancel, and a deadline: follows wait_in_line, channel_state::send_now and give_to_receiver.
template <class Sync = model_sync>
struct giving {
    giving(checker& run, hand_over_faults faults) : faults(faults) {
        run.name(waiting, "receiver");
        run.name(frame_of_it.alive, "frame");
        frame_of_it.arm.item = &frame_of_it.item;
        run.thread("receiver", [this] { receive(); });
        run.thread("sender", [this] { send(); });
        run.thread("canceller", [this] { waiting.ask_to_stop(); });
        run.thread("timer", [this] {
            if (const auto epoch = waiting.word.open_epoch();
                epoch && waiting.word.claim(*epoch, wait_arm::timer))
                waiting.complete();
        });
        run.at_end([this] {
            check(received + buffered == 1, "the item is in one place");
            check(receivers.empty(), "nobody is left in line");
        });
    }

    void receive() {
        guard.lock();
        if (buffered != 0) {
            received = std::exchange(buffered, 0);
            guard.unlock();
            return;
        }
        const std::uint64_t epoch = waiting.word.begin(false);
        frame_of_it.arm.token = waiting.token(epoch).raw();
        receivers.push(frame_of_it.arm);
        guard.unlock();
        waiting.park();
        if (waiting.word.winner() == wait_arm::first) {
            received = frame_of_it.item;
        } else if (!faults.leaves_unguarded) {
            guard.lock();
            if (frame_of_it.arm.linked) receivers.remove(frame_of_it.arm);
            guard.unlock();
        } else if (frame_of_it.arm.linked) {
            receivers.remove(frame_of_it.arm);
        }
        frame_of_it.alive.store(0);
    }

    void send() {
        guard.lock();
        bool given = false;
        while (queued_arm* const first = receivers.pop()) {
            if (faults.claims_unguarded) guard.unlock();
            frame_of_it.touch();
            frame_of_it.item = 1;
            given = waiting.word.claim(wait_token(first->token).epoch(), wait_arm::first);
            if (!given) {
                frame_of_it.touch();
                if (!faults.leaves_the_item) frame_of_it.item = 0;
            }
            if (faults.claims_unguarded) guard.lock();
            if (given || faults.leaves_the_item) break;
        }
        if (!given && frame_of_it.item == 0) buffered = 1;
        guard.unlock();
        if (given) waiting.complete();
    }

    const hand_over_faults faults;
    detail::basic_spin_lock<Sync> guard;
    arm_queue receivers;
    int buffered = 0;  // guarded
    int received = 0;  // the receiver's
    frame frame_of_it;
    model_fiber<Sync> waiting{1};
};

constexpr const char* frame_is_touched = "a frame is there while it is touched";

TEST(hand_over, an_item_is_in_one_place_whatever_a_cancel_and_a_deadline_do) {
    expect_holds(explore<giving<>>({.preemptions = slow ? 2 : 3}, hand_over_faults{}));
}

TEST(hand_over, mutant_that_claims_unguarded_touches_a_frame_that_is_gone) {
    expect_violation(explore<giving<>>({}, hand_over_faults{.claims_unguarded = true}),
                     frame_is_touched);
}

TEST(hand_over, mutant_that_leaves_the_item_where_a_claim_failed_loses_it) {
    expect_violation(explore<giving<>>({}, hand_over_faults{.leaves_the_item = true}),
                     "the item is in one place");
}

TEST(hand_over, mutant_that_leaves_the_line_unguarded_has_its_frame_touched) {
    expect_violation(explore<giving<>>({}, hand_over_faults{.leaves_unguarded = true}),
                     frame_is_touched);
}

}  // namespace
}  // namespace mioco::model
