// SPDX-License-Identifier: MPL-2.0
#include "fiber/wait_word.hpp"

#include "model/expect_steps.hpp"
#include "model/kept_fiber.hpp"
#include "model/wait_word_text.hpp"

namespace mioco::model {
namespace {

using detail::wait_arm;

struct faults {
    bool publishes_first = false;  // the token, before the wait begins
    bool completes_first = false;  // the winner completes before it has written to the frame
    bool parks_before_saving = false;
    bool no_look_after_parking = false;
    bool ignores_the_mask = false;
    bool forgets_the_epoch = false;   // a timer claims whatever wait is open
    bool always_makes_ready = false;  // who completes does not look whether the fiber is parked
};

/// A fiber that waits `rounds` times for data and has a timer for each wait; a waker, and perhaps somebody who cancels.
///
/// What runs on the next stack after a switch is a thread of its own, "next n" for the n-th wait: once the fiber is parked it may be
/// resumed, and even wait again, before that code is through.
template <class Sync>
struct one_fiber {
    enum class waking { in_two_steps, in_one_step, if_parked };
    struct shape {
        int rounds = 2;
        int wakes = 1;
        waking way = waking::in_two_steps;
        bool timer = true;
        bool cancel = false;
        bool masked = false;
        faults wrong = {};
    };

    one_fiber(checker& run, shape with) : s(with) {
        run.name(word, "word", "", wait_word_text);
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
            frame_open.store(1);
            if (s.wrong.publishes_first) published.store(word.last_epoch() + 1);
            const std::uint64_t epoch = word.begin(s.masked && !s.wrong.ignores_the_mask);
            timed.store(epoch);
            if (!s.wrong.publishes_first) published.store(epoch);
            saved.store(0);
            leaves[round].store(1);
            block_until([this] { return queued.load() != 0; });
            queued.fetch_sub(1);
            check(saved.load() == 1, "a fiber is resumed when its registers are saved");
            check(word.is_done(), "a fiber is resumed when its wait is done");
            frame_open.store(0);
            by = word.winner();
            check(by == wait_arm::event || by == wait_arm::timer || by == wait_arm::cancel,
                  "somebody has ended the wait");
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
            if (s.way == waking::in_one_step) {
                // Whoever loses or is early leaves it to another to make the fiber ready.
                if (word.claim_and_complete(epoch, wait_arm::event) ==
                    word_type::ending::won_parked)
                    make_ready();
            } else if (s.way == waking::if_parked &&
                       word.claim_if_parked(detail::wait_token(1, epoch), wait_arm::event)) {
                make_ready();
            } else if (word.claim(epoch, wait_arm::event)) {
                hand_over();
            }
        }
    }

    void hand_over() {
        if (s.wrong.completes_first) finish();
        check(frame_open.load() == 1, "the winner writes to the frame while it is there");
        if (!s.wrong.completes_first) finish();
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

    // As `cancel` in runtime/cancel.cpp, but for the request itself, which cancel_request_test has.
    void ask_to_stop() {
        cancelled.store(1);
        if (const auto epoch = word.cancellable_epoch();
            epoch && word.claim(*epoch, wait_arm::cancel))
            finish();
    }

    void finish() {
        if (word.complete() || s.wrong.always_makes_ready) make_ready();
    }
    void make_ready() { check(queued.fetch_add(1) == 0, "a fiber is queued once"); }

    using word_type = detail::basic_wait_word<Sync>;

    const shape s;
    word_type word;
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

TEST(wait_word, a_waker_with_nothing_to_hand_over_ends_a_wait_in_one_step) {
    expect_holds(explore<fiber>({}, fiber::shape{.wakes = 2, .way = fiber::waking::in_one_step}));
    expect_holds(explore<fiber>({}, fiber::shape{.wakes = 2, .way = fiber::waking::if_parked}));
}

TEST(wait_word, mutant_that_publishes_a_wait_before_it_begins) {
    expect_violation(
        explore<fiber>(
            {}, fiber::shape{.rounds = 1, .timer = false, .wrong = {.publishes_first = true}}),
        waits_for_ever);
}

TEST(wait_word, mutant_that_makes_a_fiber_ready_that_is_not_parked) {
    expect_violation(
        explore<fiber>({}, fiber::shape{.rounds = 1, .wrong = {.always_makes_ready = true}}),
        "a fiber is queued once");
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

/// A fiber that writes when its wait is over, and somebody who reads while it is not, as the walk of a dump.
struct looking_on {
    looking_on(checker& run, bool looks_again) {
        run.name(word, "word", "", wait_word_text);
        run.name(written, "written");
        const std::uint64_t epoch = word.begin(false);
        static_cast<void>(word.park());
        run.thread("waker", [this, epoch] {
            if (word.claim(epoch, wait_arm::event) && word.complete()) written.store(1);
        });
        run.thread("onlooker", [this, looks_again] {
            const auto open = word.open_epoch();
            if (!open) return;
            const int read = written.load();
            if (!looks_again || word.is_still_open(*open))
                check(read == 0, "what is read of an open wait did not change");
        });
    }

    detail::basic_wait_word<model_sync> word;
    atomic<int> written;  // by whoever has the fiber then
};

TEST(wait_word, an_onlooker_knows_whether_what_it_read_was_true) {
    expect_holds(explore<looking_on>({}, true));
}

TEST(wait_word, mutant_that_looks_on_and_not_again) {
    expect_violation(explore<looking_on>({}, false), "what is read of an open wait did not change");
}

TEST(wait_word, needs_each_step) {
    using shape = fiber::shape;
    constexpr auto at_once = fiber::waking::in_one_step;
    constexpr auto if_parked = fiber::waking::if_parked;
    expect_needs_each_step(
        "fiber/wait_word.hpp",
        {[] { return explore<looking_on>({}, true); },
         [] { return explore<kept_fiber>({}, true, keeping_faults{}); },
         [] { return explore<fiber>({}, shape{.rounds = 1, .timer = false}); },
         [=] { return explore<fiber>({}, shape{.rounds = 1, .way = at_once, .timer = false}); },
         [=] { return explore<fiber>({}, shape{.rounds = 1, .way = if_parked, .timer = false}); },
         [=] { return explore<fiber>({}, shape{.rounds = 1, .way = at_once}); },
         [=] { return explore<fiber>({}, shape{.rounds = 1, .way = if_parked}); }});
}

}  // namespace
}  // namespace mioco::model
