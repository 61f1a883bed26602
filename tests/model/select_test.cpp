// SPDX-License-Identifier: MPL-2.0
#include <optional>
#include <utility>

#include <mioco/detail/channel_state.hpp>
#include <mioco/detail/wait_queue.hpp>

#include "model/channel_model.hpp"
#include "model/expect.hpp"

namespace mioco::model {
namespace {

using detail::queued_arm;
using detail::transfer;
using detail::wait_arm;
using detail::wake_up;

struct faults {
    bool locks_in_its_own_order = false;
    bool locks_one_at_a_time = false;  // tries, and gets into the lines under separate locks
    bool stays_in_lines = false;       // but for the one that it was claimed in
};

/// Two selects over two channels without buffers: what one sends the other receives, the other way round in each channel. Follows
/// selection::wait_once and the arms of mioco/detail/channel_cases.hpp. There is a third who cancels both, if so wanted.
struct meeting {
    meeting(checker& run, bool cancels, faults with) : wrong(with) {
        for (int i = 0; i < 2; ++i) {
            run.name(channels[i], i == 0 ? "first channel" : "second channel");
            run.name(selects[i].self, i == 0 ? "A" : "B");
            run.thread(i == 0 ? "A" : "B", [this, i] { select(selects[i]); });
        }
        if (cancels) {
            run.thread("canceller", [this] {
                selects[0].self.ask_to_stop();
                // The other one would wait for ever.
                selects[1].self.ask_to_stop();
            });
        }
        run.at_end([this] {
            check(selects[0].won == selects[1].won, "both win in the same channel, or none does");
            for (const channel& each : channels)
                check(each.senders.empty() && each.receivers.empty(), "nobody is left in line");
        });
    }

    struct one_select {
        explicit one_select(std::uint32_t number) : self(number) {}
        [[nodiscard]] int sends_in() const { return static_cast<int>(self.index) - 1; }

        channel_fiber self;
        queued_arm arms[2];  // by the channel
        int sent = 7;
        std::optional<int> received;
        std::optional<int> won;
    };

    transfer try_now(one_select& by, int at, wake_up& woken) {
        return at == by.sends_in() ? channels[at].send_now(by.sent, woken)
                                   : channels[at].receive_now(by.received, woken);
    }

    void select(one_select& by) {
        lock_all(by);
        wake_up woken;
        for (int at = 0; at < 2 && !by.won; ++at)
            if (try_now(by, at, woken) == transfer::done) by.won = at;
        if (by.won) {
            unlock_all();
            woken.carry_out();
        } else {
            wait(by);
        }
        const bool has_received = by.won && *by.won != by.sends_in();
        check(by.received == (has_received ? std::optional(7) : std::nullopt),
              "the item is there if it was won, and else is not");
    }

    void wait(one_select& by) {
        if (wrong.locks_one_at_a_time) {
            unlock_all();
            lock_all(by);
        }
        const std::uint64_t epoch = by.self.word.begin(false);
        for (int at = 0; at < 2; ++at) {
            queued_arm& arm = by.arms[at];
            arm.token = by.self.token(epoch).raw();
            arm.number = static_cast<std::uint16_t>(at);
            arm.item = at == by.sends_in() ? static_cast<void*>(&by.sent) : &by.received;
            line_of(by, at).push(arm);
        }
        unlock_all();
        by.self.park();
        for (int at = 0; at < 2 && !wrong.stays_in_lines; ++at) {
            channels[at].guard.lock();
            if (by.arms[at].linked) line_of(by, at).remove(by.arms[at]);
            channels[at].guard.unlock();
        }
        const wait_arm ended_by = by.self.word.winner();
        if (ended_by != wait_arm::cancel) by.won = static_cast<int>(ended_by);
    }

    detail::arm_queue& line_of(const one_select& by, int at) {
        return at == by.sends_in() ? channels[at].senders : channels[at].receivers;
    }
    void lock_all(const one_select& by) {
        const int first = wrong.locks_in_its_own_order ? by.sends_in() : 0;
        channels[first].guard.lock();
        channels[1 - first].guard.lock();
    }
    void unlock_all() {
        for (channel& each : channels) each.guard.unlock();
    }

    const faults wrong;
    channel channels[2] = {channel(0), channel(0)};
    one_select selects[2] = {one_select(1), one_select(2)};
};

TEST(select, two_that_meet_in_opposite_directions_agree) {
    expect_holds(explore<meeting>({}, false, faults{}));
}

TEST(select, two_that_meet_agree_whatever_a_cancel_does) {
    expect_holds(explore<meeting>({}, true, faults{}));
}

TEST(select, mutant_that_tries_and_waits_under_separate_locks_misses_the_other) {
    expect_violation(explore<meeting>({}, false, faults{.locks_one_at_a_time = true}),
                     waits_for_ever);
}

TEST(select, mutant_that_locks_in_its_own_order_waits_for_the_other) {
    expect_violation(explore<meeting>({}, false, faults{.locks_in_its_own_order = true}),
                     waits_for_ever);
}

TEST(select, mutant_that_stays_in_the_other_line) {
    expect_violation(explore<meeting>({}, false, faults{.stays_in_lines = true}),
                     "nobody is left in line");
}

}  // namespace
}  // namespace mioco::model
