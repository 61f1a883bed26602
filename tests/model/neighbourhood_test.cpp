// SPDX-License-Identifier: MPL-2.0
#include <deque>

#include "model/expect_steps.hpp"
#include "sched/sleep_gate.hpp"
#include "sched/watch_board.hpp"

// While a worker is inside a fiber, another watches. Follows worker::sleep and src/sched/neighbourhood.cpp.

namespace mioco::model {
namespace {

struct faults {
    bool ensures_no_watcher = false;  // who starts to run a fiber does not wake anybody
    bool sleeps_unwatched = false;    // who goes to sleep does not look whether a watcher is needed
    bool ensures_while_asleep = false;  // looks for a watcher before it counts as busy
};

/// Workers that get a fiber which runs until a neighbour helps, and others that have nothing to do and have been quiet for long.
struct workers {
    struct worker {
        unsigned number = 0;
        detail::basic_sleep_gate<model_sync> gate;
        atomic<int> wakeups;
        bool watching = false;
        unsigned quiet_rounds = quiet_rounds_until_sleep;
    };
    static constexpr unsigned quiet_rounds_until_sleep = 1;

    workers(checker& run, unsigned busy, unsigned quiet, faults with)
        : wrong(with), board(busy + quiet) {
        run.name(board, "board");
        run.name(inside, "inside");
        run.name(helped, "helped");
        for (unsigned i = 0; i < busy + quiet; ++i) {
            worker& each = all.emplace_back();
            each.number = i;
            run.name(each, i < busy ? "busy" : "quiet");
        }
        for (unsigned i = 0; i < busy; ++i) {
            all[i].gate.prepare();
            run.thread("busy", [this, i] { wake_up_and_run(all[i]); });
        }
        for (unsigned i = busy; i < busy + quiet; ++i) {
            board.count_busy();
            run.thread("quiet", [this, i] { look_for_work(all[i]); });
        }
    }

    // An event ends the sleep.
    void wake_up_and_run(worker& self) {
        self.gate.awake();
        if (wrong.ensures_while_asleep) ensure_watcher(self);
        end_sleep(self);
        if (!wrong.ensures_no_watcher && !wrong.ensures_while_asleep) ensure_watcher(self);
        inside.fetch_add(1);
        block_until([this] { return helped.load() != 0; });
    }

    // As worker::run of one that finds nothing, and worker::sleep.
    void look_for_work(worker& self) {
        while (helped.load() == 0) {
            const bool watching = begin_sleep(self);
            self.gate.prepare();
            const bool at_once = !watching && !wrong.sleeps_unwatched && board.needs_watcher();
            // A watcher's sleep ends by itself; that it ends before anybody is inside a fiber changes nothing.
            block_until([&] {
                return at_once || self.wakeups.load() != 0 || helped.load() != 0 ||
                       (watching && inside.load() != 0);
            });
            self.wakeups.store(0);
            self.gate.awake();
            end_sleep(self);
            if (watching && inside.load() != 0) helped.store(1);
        }
    }

    bool begin_sleep(worker& self) {
        board.count_idle();
        self.quiet_rounds = board.any_busy() ? 0 : self.quiet_rounds + 1;
        self.watching = self.quiet_rounds <= quiet_rounds_until_sleep && board.try_watch();
        return self.watching;
    }

    void end_sleep(worker& self) {
        if (self.watching) board.stop_watching();
        self.watching = false;
        board.count_busy();
    }

    void ensure_watcher(worker& self) {
        if (board.is_watched()) return;
        for (worker& each : all) {
            if (each.number == self.number || !each.gate.rouse()) continue;
            each.wakeups.store(1);
            return;
        }
    }

    const faults wrong;
    detail::basic_watch_board<model_sync> board;
    atomic<int> inside;  // workers inside a fiber
    atomic<int> helped;
    std::deque<worker> all;
};

TEST(neighbourhood, whoever_is_inside_a_fiber_is_watched) {
    expect_holds(explore<workers>({}, 1U, 1U, faults{}));
    expect_holds(explore<workers>({}, 1U, 2U, faults{}));
}

TEST(neighbourhood, one_of_two_who_start_at_once_wakes_a_watcher) {
    expect_holds(explore<workers>({}, 2U, 1U, faults{}));
}

TEST(neighbourhood, mutant_that_runs_a_fiber_and_wakes_nobody) {
    expect_violation(explore<workers>({}, 1U, 1U, faults{.ensures_no_watcher = true}),
                     waits_for_ever);
}

TEST(neighbourhood, mutant_that_sleeps_without_a_look_whether_it_should_watch) {
    expect_violation(explore<workers>({}, 1U, 1U, faults{.sleeps_unwatched = true}),
                     waits_for_ever);
}

TEST(neighbourhood, mutant_that_looks_for_a_watcher_while_it_counts_as_idle) {
    expect_violation(explore<workers>({}, 1U, 1U, faults{.ensures_while_asleep = true}),
                     waits_for_ever);
}

/// Workers that run a fiber each, and have then nothing to do.
struct rest {
    explicit rest(checker& run) : board(2) {
        run.name(board, "board");
        for (int i = 0; i < 2; ++i) {
            run.thread("worker", [this] {
                board.count_busy();
                check(board.any_busy(), "who runs a fiber is busy");
                board.count_idle();
            });
        }
        run.at_end([this] { check(!board.any_busy(), "who has nothing to do is idle"); });
    }

    detail::basic_watch_board<model_sync> board;
};

TEST(neighbourhood, nobody_is_busy_in_the_end) { expect_holds(explore<rest>({})); }

TEST(neighbourhood, needs_each_step) {
    expect_needs_each_step(
        "sched/watch_board.hpp",
        {[] { return explore<rest>({}); }, [] { return explore<workers>({}, 1U, 1U, faults{}); },
         [] { return explore<workers>({}, 1U, 2U, faults{}); },
         [] { return explore<workers>({}, 2U, 1U, faults{}); }});
}

}  // namespace
}  // namespace mioco::model
