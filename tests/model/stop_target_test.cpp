// SPDX-License-Identifier: MPL-2.0
#include "runtime/stop_target.hpp"

#include "model/expect.hpp"
#include "model/model_sync.hpp"

namespace mioco::model {
namespace {

struct faults {
    bool does_not_wait = false;    // the runtime's end does not look for handlers
    bool looks_first = false;      // or looks for them before it takes the runtime away
    bool waits_as_target = false;  // or only if it is the target still
};

struct handler_uncounted : no_fault {
    static constexpr bool torn_addition = true;
};

/// A signal that comes twice, the end of the runtime that it stops, and another one that may take that one's place.
template <class Sync = model_sync>
struct signal_and_end {
    struct runtime {
        atomic<int> alive{1};
    };

    signal_and_end(checker& run, faults with) : wrong(with) {
        run.name(ending.alive, "ending alive");
        run.name(next.alive, "next alive");
        target.exchange(&ending);
        for (int i = 0; i < 2; ++i) {
            run.thread("handler", [this] {
                target.stop([](const runtime& found) {
                    check(found.alive.load() == 1, "a handler finds no runtime after its end");
                });
            });
        }
        run.thread("owner", [this] { end(); });
        run.thread("next", [this] { target.exchange(&next); });
        run.at_end([this] { check(!target.is(ending), "what has ended is no target"); });
    }

    /// As forget_stop_signals.
    void end() {
        if (wrong.looks_first) wait_for_handlers();
        const bool is_target = target.is(ending);
        if (is_target) target.exchange(nullptr);
        const bool waits = !wrong.does_not_wait && !wrong.looks_first;
        if (waits && (is_target || !wrong.waits_as_target)) wait_for_handlers();
        ending.alive.store(0);
    }
    void wait_for_handlers() {
        block_until([this] { return target.is_unused(); });
    }

    const faults wrong;
    runtime ending;
    runtime next;
    detail::basic_stop_target<runtime, Sync> target;
};

constexpr const char* found_after_its_end = "a handler finds no runtime after its end";

TEST(stop_target, a_runtime_ends_when_no_handler_can_use_it) {
    expect_holds(explore<signal_and_end<>>({}, faults{}));
}

TEST(stop_target, mutant_whose_end_does_not_wait_for_handlers) {
    expect_violation(explore<signal_and_end<>>({}, faults{.does_not_wait = true}),
                     found_after_its_end);
}

TEST(stop_target, mutant_that_waits_for_handlers_before_it_takes_the_target_away) {
    expect_violation(explore<signal_and_end<>>({}, faults{.looks_first = true}),
                     found_after_its_end);
}

TEST(stop_target, mutant_that_does_not_wait_once_another_is_the_target) {
    expect_violation(explore<signal_and_end<>>({}, faults{.waits_as_target = true}),
                     found_after_its_end);
}

TEST(stop_target, mutant_that_counts_handlers_in_pieces) {
    EXPECT_FALSE(explore<signal_and_end<basic_model_sync<handler_uncounted>>>({}, faults{}).holds);
}

}  // namespace
}  // namespace mioco::model
