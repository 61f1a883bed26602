// SPDX-License-Identifier: MPL-2.0
#include "signal/signal_target.hpp"

#include "model/expect_steps.hpp"

namespace mioco::model {
namespace {

struct faults {
    bool forgets_early = false;    // before the runtime's last fiber has ended
    bool does_not_wait = false;    // the runtime's end does not look for handlers
    bool looks_first = false;      // or looks for them before it takes the runtime away
    bool waits_as_target = false;  // or only if it is the target still
};

struct locks_blindly : no_fault {
    static constexpr bool blind_strong_exchange = true;
};
struct counts_in_pieces : no_fault {
    static constexpr bool torn_addition = true;
};

constexpr const char* found_after_its_end = "a handler finds no runtime after its end";
constexpr const char* ended_but_target = "what has ended is no target";
constexpr const char* not_who_asked_last = "who asked last is the target while it lives";

/// A signal that comes twice, a runtime one of whose fibers asks to be stopped by it and which ends, and another that asks too.
template <class Sync = model_sync>
struct signal_and_end {
    struct runtime {
        atomic<int> alive{1};
    };

    signal_and_end(checker& run, faults with) : wrong(with) {
        run.name(ending, "ending");
        run.name(next, "next");
        run.name(target, "target");
        run.name(installed, "installed");
        run.name(fiber_ended, "fiber ended");
        run.name(was_forgotten, "was forgotten");
        for (int i = 0; i < 2; ++i) {
            run.thread("handler", [this] {
                if (installed.load() == 0) return;
                const bool stops = target.reach([](const runtime& found) {
                    check(found.alive.load() == 1, found_after_its_end);
                });
                check(stops || was_forgotten.load() == 1, "a signal finds a target");
            });
        }
        run.thread("fiber", [this] {
            set(ending);
            fiber_ended.store(1);
        });
        run.thread("owner", [this] { end(); });
        run.thread("next", [this] { set(next); });
        run.at_end([this] {
            check(!target.is(ending), ended_but_target);
            const bool is_next_last = last == &next;
            check(target.is(next) == is_next_last && installed.load() == (is_next_last ? 1 : 0),
                  not_who_asked_last);
        });
    }

    /// As mioco::stop_on_signal.
    void set(runtime& caller) {
        const bool is_set = target.set(caller, [&](bool is_first) {
            last = &caller;
            check(is_first == (installed.load() == 0), "what was there before is kept aside once");
            installed.store(1);
            return true;
        });
        check(is_set, "a handler that can be installed is");
    }

    /// As ~runtime_core and forget_stop_signals.
    void end() {
        if (!wrong.forgets_early) block_until([this] { return fiber_ended.load() == 1; });
        if (wrong.looks_first) wait_for_handlers();
        const bool is_target = target.is(ending);
        target.forget(ending, [this] {
            was_forgotten.store(1);
            installed.store(0);
        });
        const bool waits = !wrong.does_not_wait && !wrong.looks_first;
        if (waits && (is_target || !wrong.waits_as_target)) wait_for_handlers();
        block_until([this] { return fiber_ended.load() == 1; });
        ending.alive.store(0);
    }
    void wait_for_handlers() {
        block_until([this] { return target.is_unused(); });
    }

    const faults wrong;
    runtime ending;
    runtime next;
    detail::basic_signal_target<runtime, Sync> target;
    const runtime* last = nullptr;  // under the lock
    atomic<int> installed;
    atomic<int> was_forgotten;
    atomic<int> fiber_ended;
};

TEST(signal_target, a_runtime_ends_when_no_handler_can_use_it) {
    expect_holds(explore<signal_and_end<>>({}, faults{}));
}

TEST(signal_target, mutant_whose_end_does_not_wait_for_handlers) {
    expect_violation(explore<signal_and_end<>>({}, faults{.does_not_wait = true}),
                     found_after_its_end);
}

TEST(signal_target, mutant_that_waits_for_handlers_before_it_takes_the_target_away) {
    expect_violation(explore<signal_and_end<>>({}, faults{.looks_first = true}),
                     found_after_its_end);
}

TEST(signal_target, mutant_that_does_not_wait_once_another_is_the_target) {
    expect_violation(explore<signal_and_end<>>({}, faults{.waits_as_target = true}),
                     found_after_its_end);
}

TEST(signal_target, mutant_that_is_forgotten_while_it_can_still_be_set) {
    expect_violation(explore<signal_and_end<>>({}, faults{.forgets_early = true}),
                     ended_but_target);
}

TEST(signal_target, mutant_that_changes_without_a_lock) {
    expect_violation(explore<signal_and_end<basic_model_sync<locks_blindly>>>({}, faults{}),
                     "what was there before is kept aside once");
}

TEST(signal_target, mutant_that_counts_handlers_in_pieces) {
    expect_violation(explore<signal_and_end<basic_model_sync<counts_in_pieces>>>({}, faults{}),
                     waits_for_ever);
}

/// One who has asked, and another whose handler cannot be installed.
struct refusal {
    explicit refusal(checker& run) {
        run.name(target, "target");
        run.name(asked, "asked");
        run.name(refused, "refused");
        run.thread("first", [this] {
            check(target.set(asked, [](bool) { return true; }),
                  "a handler that can be installed is");
        });
        run.thread("second", [this] {
            check(!target.set(refused, [](bool) { return false; }), "the caller is told of it");
        });
        run.at_end([this] { check(target.is(asked), "who is refused is no target"); });
    }

    int asked = 0;
    int refused = 0;
    detail::basic_signal_target<int, model_sync> target;
};

TEST(signal_target, stays_who_asked_before_one_that_is_refused) {
    expect_holds(explore<refusal>({}));
}

TEST(signal_target, needs_each_step) {
    expect_needs_each_step(
        "signal/signal_target.hpp",
        {[] { return explore<refusal>({}); },
         [] { return explore<signal_and_end<>>({.preemptions = 2}, faults{}); }});
}

}  // namespace
}  // namespace mioco::model
