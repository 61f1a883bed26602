// SPDX-License-Identifier: MPL-2.0
#include "fiber/wait_word.hpp"
#include "model/kept_fiber.hpp"
#include "model/wait_word_text.hpp"
#include "sched/guest_count.hpp"

namespace mioco::model {
namespace {

using faults = keeping_faults;

TEST(keeping, runs_each_fiber_once_whoever_takes_it) {
    expect_holds(explore<kept_fiber>({}, true, faults{}));
}

TEST(keeping, for_ever_ends_with_a_stop) { expect_holds(explore<kept_fiber>({}, false, faults{})); }

TEST(keeping, mutant_that_looks_for_a_stop_first) {
    expect_violation(explore<kept_fiber>({}, false, faults{.looks_before_it_keeps = true}),
                     "a fiber in keeping runs once");
}

TEST(keeping, mutant_whose_stop_looks_first) {
    expect_violation(explore<kept_fiber>({}, false, faults{.looks_before_it_says_so = true}),
                     "a fiber in keeping runs once");
}

TEST(keeping, mutant_that_runs_what_was_taken_back) {
    expect_violation(explore<kept_fiber>({}, true, faults{.forgets_to_take = true}),
                     "a fiber in keeping runs once");
}

/// A kept fiber that a thread of elsewhere looks at, as `taken` in ready_fiber.cpp; a stop that takes it back and lets it end; and
/// the runtime's end.
struct looked_at_from_elsewhere {
    looked_at_from_elsewhere(checker& run, bool is_guest) {
        run.name(word, "word", "", wait_word_text);
        run.name(guests, "guests");
        run.name(stopping, "stopping");
        run.name(ended, "ended");
        run.name(alive, "alive");
        const std::uint64_t kept = word.keep();
        run.thread("elsewhere", [this, kept, is_guest] {
            if (!word.take(kept)) return;
            if (is_guest) guests.enter();
            look(word.keep());
            if (is_guest) guests.leave();
        });
        run.thread("stop", [this] {
            stopping.store(1);
            const auto epoch = word.kept_epoch();
            if (epoch && word.take(*epoch)) ended.store(1);
        });
        run.thread("owner", [this] {
            block_until([this] { return ended.load() != 0; });
            block_until([this] { return guests.none(); });
            alive.store(0);
        });
    }

    void look(std::uint64_t epoch) {
        check(alive.load() == 1, "nobody looks into a runtime after its end");
        if (stopping.load() == 0 || !word.take(epoch)) return;
        check(alive.load() == 1, "nobody gives a fiber to a runtime after its end");
        ended.store(1);
    }

    detail::basic_wait_word<model_sync> word;
    detail::basic_guest_count<model_sync> guests;
    atomic<int> stopping;
    atomic<int> ended;
    atomic<int> alive{1};
};

TEST(keeping, lets_nobody_look_into_a_runtime_that_is_gone) {
    expect_holds(explore<looked_at_from_elsewhere>({}, true));
}

TEST(keeping, mutant_that_looks_without_being_a_guest) {
    expect_violation(explore<looked_at_from_elsewhere>({}, false),
                     "nobody looks into a runtime after its end");
}

}  // namespace
}  // namespace mioco::model
