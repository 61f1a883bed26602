// SPDX-License-Identifier: MPL-2.0
#include "fiber/wait_word.hpp"

#include "model/expect.hpp"

namespace mioco::model {
namespace {

using detail::wait_arm;

struct faults {
    bool completes_first = false;  // the winner completes before it has written to the frame
    bool parks_before_saving = false;
    bool no_look_after_parking = false;
    bool ignores_the_mask = false;
    bool forgets_the_epoch = false;  // a timer claims whatever wait is open
};

/// A fiber that waits `rounds` times for data and has a timer for each wait; a waker, and perhaps somebody who cancels.
///
/// What runs on the next stack after a switch is a thread of its own, "next n" for the n-th wait: once the fiber is parked it may be
/// resumed, and even wait again, before that code is through.
template <class Sync>
struct one_fiber {
    struct shape {
        int rounds = 2;
        int wakes = 1;
        bool timer = true;
        bool cancel = false;
        bool masked = false;
        faults wrong = {};
    };

    one_fiber(checker& run, shape with) : s(with) {
        run.name(word, "word");
        run.name(published, "published");
        run.name(frame_open, "frame");
        run.name(saved, "saved");
        run.name(queued, "queued");
        run.name(cancelled, "cancelled");
        run.name(timed, "timed");
        run.name(leaves, "leaves");
        run.thread("fiber", [this] { fiber(); });
        for (int round = 0; round < s.rounds; ++round) {
            run.thread("next", [this, round] { settle(round); });
        }
        if (s.wakes > 0) run.thread("waker", [this] { wake(); });
        if (s.timer) run.thread("timer", [this] { expire(); });
        if (s.cancel) run.thread("canceller", [this] { ask_to_stop(); });
    }

    void fiber() {
        for (int round = 0; round < s.rounds; ++round) {
            const std::uint64_t epoch = word.begin(s.masked && !s.wrong.ignores_the_mask);
            frame_open.store(1);
            timed.store(epoch);
            published.store(epoch);
            saved.store(0);
            leaves[round].store(1);
            block_until([this] { return queued.load() != 0; });
            queued.fetch_sub(1);
            check(saved.load() == 1, "a fiber is resumed when its registers are saved");
            check(word.is_done(), "a fiber is resumed when its wait is done");
            frame_open.store(0);
            by = word.winner();
            check(by != wait_arm::cancel || !s.masked, "a masked wait is not cancelled");
            check(by != wait_arm::timer || !s.wrong.forgets_the_epoch || expired.load() == epoch,
                  "a timer ends its own wait only");
        }
        ended.store(1);
    }

    void settle(int round) {
        block_until([this, round] { return leaves[round].load() != 0; });
        if (!s.wrong.parks_before_saving) saved.store(1);
        const auto wait = word.park();
        if (s.wrong.parks_before_saving) saved.store(1);
        if (wait.is_over) return make_ready();
        if (s.wrong.no_look_after_parking || cancelled.load() == 0) return;
        if (word.claim_for_cancel(wait.epoch)) finish();
    }

    void wake() {
        for (int i = 0; i < s.wakes; ++i) {
            block_until([this] { return published.load() != 0 || ended.load() != 0; });
            const std::uint64_t epoch = published.exchange(0);
            if (epoch == 0) return;
            if (!word.claim(epoch, wait_arm::event)) continue;
            if (s.wrong.completes_first) {
                finish();
                check(frame_open.load() == 1, "the winner writes to the frame while it is there");
            } else {
                check(frame_open.load() == 1, "the winner writes to the frame while it is there");
                finish();
            }
        }
    }

    // Any deadline may come at any time. Without the epoch it would end a later wait.
    void expire() {
        for (;;) {
            block_until([this] { return timed.load() != 0 || ended.load() != 0; });
            const std::uint64_t epoch = timed.exchange(0);
            if (epoch == 0) return;
            expired.store(epoch);
            std::uint64_t claimed = epoch;
            if (s.wrong.forgets_the_epoch) claimed = word.cancellable_epoch().value_or(epoch);
            if (word.claim(claimed, wait_arm::timer)) finish();
        }
    }

    // As runtime_core::cancel, but for the request itself, which cancel_request_test has.
    void ask_to_stop() {
        cancelled.store(1);
        if (const auto epoch = word.cancellable_epoch();
            epoch && word.claim(*epoch, wait_arm::cancel))
            finish();
    }

    void finish() {
        if (word.complete()) make_ready();
    }
    void make_ready() { check(queued.fetch_add(1) == 0, "a fiber is queued once"); }

    const shape s;
    detail::basic_wait_word<Sync> word;
    atomic<std::uint64_t> published;  // the token, where the waker looks
    atomic<std::uint64_t> timed;      // the deadline's token
    atomic<std::uint64_t> expired;
    atomic<int> leaves[3];  // the fiber has been left for the n-th wait
    atomic<int> frame_open;
    atomic<int> saved;
    atomic<int> queued;
    atomic<int> cancelled;
    atomic<int> ended;
    wait_arm by = wait_arm::self;
};

using fiber = one_fiber<model_sync>;

struct claims_blindly : no_fault {
    static constexpr bool blind_weak_exchange = true;
};
struct adds_in_two_steps : no_fault {
    static constexpr bool torn_addition = true;
};

TEST(wait_word, data_or_timer_ends_each_wait_once) {
    expect_holds(explore<fiber>({}, fiber::shape{.wakes = 2}));
}

TEST(wait_word, a_stale_token_ends_no_later_wait) {
    expect_holds(
        explore<fiber>({.preemptions = slow ? 1 : 2}, fiber::shape{.rounds = 3, .wakes = 2}));
}

TEST(wait_word, a_cancel_ends_a_wait_that_nothing_else_ends) {
    expect_holds(
        explore<fiber>({}, fiber::shape{.rounds = 1, .wakes = 0, .timer = false, .cancel = true}));
}

TEST(wait_word, data_timer_and_cancel_have_one_winner) {
    expect_holds(explore<fiber>({}, fiber::shape{.rounds = 1, .cancel = true}));
}

TEST(wait_word, data_timer_and_cancel_have_one_winner_of_each_wait) {
    expect_holds(
        explore<fiber>({.preemptions = slow ? 1 : 2}, fiber::shape{.rounds = 2, .cancel = true}));
}

TEST(wait_word, a_masked_wait_is_not_cancelled) {
    expect_holds(explore<fiber>({}, fiber::shape{.rounds = 1, .cancel = true, .masked = true}));
}

TEST(wait_word, mutant_that_completes_before_it_writes_to_the_frame) {
    expect_violation(
        explore<fiber>({}, fiber::shape{.rounds = 1, .wrong = {.completes_first = true}}),
        "the winner writes to the frame while it is there");
}

TEST(wait_word, mutant_that_parks_before_the_registers_are_saved) {
    expect_violation(
        explore<fiber>({}, fiber::shape{.rounds = 1, .wrong = {.parks_before_saving = true}}),
        "a fiber is resumed when its registers are saved");
}

TEST(wait_word, mutant_that_does_not_look_for_a_cancel_after_parking) {
    // The canceller looks before the wait begins, so only the look after parking can see the flag.
    expect_violation(explore<fiber>({}, fiber::shape{.rounds = 1,
                                                     .wakes = 0,
                                                     .timer = false,
                                                     .cancel = true,
                                                     .wrong = {.no_look_after_parking = true}}),
                     waits_for_ever);
}

TEST(wait_word, mutant_that_begins_a_masked_wait_unmasked) {
    expect_violation(explore<fiber>({}, fiber::shape{.rounds = 1,
                                                     .cancel = true,
                                                     .masked = true,
                                                     .wrong = {.ignores_the_mask = true}}),
                     "a masked wait is not cancelled");
}

TEST(wait_word, mutant_whose_timer_forgets_the_epoch) {
    expect_violation(
        explore<fiber>({}, fiber::shape{.wakes = 2, .wrong = {.forgets_the_epoch = true}}),
        "a timer ends its own wait only");
}

TEST(wait_word, mutant_that_claims_without_comparing) {
    using blind = one_fiber<basic_model_sync<claims_blindly>>;
    EXPECT_FALSE(explore<blind>({}, blind::shape{.rounds = 1}).holds);
}

TEST(wait_word, mutant_that_completes_in_two_steps_loses_the_parking) {
    using torn = one_fiber<basic_model_sync<adds_in_two_steps>>;
    EXPECT_FALSE(explore<torn>({}, torn::shape{.rounds = 1, .timer = false}).holds);
}

}  // namespace
}  // namespace mioco::model
