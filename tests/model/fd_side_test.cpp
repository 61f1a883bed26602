// SPDX-License-Identifier: MPL-2.0
#include "model/expect_steps.hpp"
#include "model/fd_model.hpp"

namespace mioco::model {
namespace {

/// A poller, a peer that sends `sends` times `size` items, and callers that read until each had its share.
template <class Sync = model_sync>
struct readers : fd_model<Sync> {
    using model = fd_model<Sync>;

    struct shape {
        unsigned callers;
        int items;  // each wants
        int room;   // each read
        int sends;
        int size;
        fd_faults faults = {};
        int shortages = 0;
        enum class by {
            plain_reads,
            eager_reads,
            draining_reads,
            with_attempts
        } way = by::plain_reads;
    };

    readers(checker& run, shape s) : model(run, s.callers, s.faults) {
        model::shortages = s.shortages;
        for (auto& each : model::fibers) {
            run.thread("reader", [this, &each, s] {
                for (int had = 0; had < s.items;) {
                    const int taken = read(each, s);
                    if (taken == model::had_no_memory) continue;
                    check(taken > 0, "nobody closed or cancelled");
                    had += taken;
                    if (s.way == shape::by::with_attempts && had < s.items)
                        had += model::try_read(each, 1);
                }
                model::running.fetch_sub(1);
            });
        }
        run.thread("peer", [this, s] {
            for (int i = 0; i < s.sends; ++i) model::socket.arrives(s.size);
        });
        run.thread("poller", [this] { model::poll(); });
    }

    int read(typename model::fiber& reader, const shape& s) {
        switch (s.way) {
            case shape::by::eager_reads:
                return model::read_eagerly(reader, s.room);
            case shape::by::draining_reads:
                return model::read_draining(reader, s.room);
            default:
                return model::read(reader, s.room);
        }
    }
};

constexpr auto eagerly = readers<>::shape::by::eager_reads;
constexpr auto with_attempts = readers<>::shape::by::with_attempts;
constexpr auto draining = readers<>::shape::by::draining_reads;

TEST(fd_side, a_reader_never_sleeps_while_there_is_data) {
    expect_holds(explore<readers<>>({}, readers<>::shape{1, 3, 1, 3, 1}));
}

TEST(fd_side, a_reader_that_saw_the_end_of_the_data_wakes_for_more) {
    expect_holds(explore<readers<>>({}, readers<>::shape{1, 3, 2, 3, 1}));
}

TEST(fd_side, two_readers_both_get_data_that_comes_apart) {
    expect_holds(explore<readers<>>({}, readers<>::shape{2, 1, 1, 2, 1}));
}

TEST(fd_side, two_readers_both_get_data_that_comes_at_once) {
    expect_holds(explore<readers<>>({}, readers<>::shape{2, 1, 1, 1, 2}));
}

TEST(fd_side, an_eager_caller_never_sleeps_while_there_is_room) {
    expect_holds(explore<readers<>>({}, readers<>::shape{1, 3, 1, 3, 1, {}, 0, eagerly}));
}

TEST(fd_side, two_eager_callers_both_get_room_that_comes_at_once) {
    expect_holds(explore<readers<>>({}, readers<>::shape{2, 1, 1, 1, 2, {}, 0, eagerly}));
}

TEST(fd_side, mutant_that_is_eager_and_arms_over_a_foreign_attempt_sleeps_while_there_is_room) {
    expect_violation(
        explore<readers<>>({}, readers<>::shape{2, 1, 1, 1, 2, {.arms_anyhow = true}, 0, eagerly}),
        waits_for_ever);
}

TEST(fd_side, a_draining_reader_never_sleeps_while_there_is_data) {
    expect_holds(explore<readers<>>({}, readers<>::shape{1, 3, 1, 3, 1, {}, 0, draining}));
    expect_holds(explore<readers<>>({}, readers<>::shape{1, 3, 2, 3, 1, {}, 2, draining}));
}

TEST(fd_side, two_draining_readers_both_get_data_that_comes_at_once) {
    expect_holds(explore<readers<>>({}, readers<>::shape{2, 1, 1, 1, 2, {}, 0, draining}));
    expect_holds(explore<readers<>>({}, readers<>::shape{2, 1, 1, 2, 1, {}, 0, draining}));
}

TEST(fd_side, mutant_that_drains_and_keeps_what_it_saw_sleeps_while_there_is_data) {
    expect_violation(
        explore<readers<>>(
            {}, readers<>::shape{1, 2, 1, 1, 2, {.keeps_what_it_saw = true}, 0, draining}),
        waits_for_ever);
}

TEST(fd_side, a_reader_that_also_tries_never_sleeps_while_there_is_data) {
    expect_holds(explore<readers<>>({}, readers<>::shape{1, 3, 2, 3, 1, {}, 0, with_attempts}));
    expect_holds(explore<readers<>>({}, readers<>::shape{1, 4, 2, 2, 2, {}, 0, with_attempts}));
}

TEST(fd_side, three_readers_pass_the_baton) {
    expect_holds(
        explore<readers<>>({.preemptions = slow ? 1 : 2}, readers<>::shape{3, 1, 1, 1, 3}));
}

TEST(fd_side, mutant_that_keeps_the_baton_leaves_a_reader_behind) {
    expect_violation(
        explore<readers<>>({}, readers<>::shape{2, 1, 1, 1, 2, {.keeps_the_baton = true}}),
        waits_for_ever);
}

TEST(fd_side, mutant_that_takes_any_read_for_the_last_sleeps_while_there_is_data) {
    expect_violation(
        explore<readers<>>({}, readers<>::shape{1, 2, 1, 1, 2, {.any_read_drains = true}}),
        waits_for_ever);
}

TEST(fd_side, mutant_that_arms_though_another_consumed_the_event_sleeps_while_there_is_data) {
    expect_violation(explore<readers<>>({}, readers<>::shape{2, 1, 1, 1, 2, {.arms_anyhow = true}}),
                     waits_for_ever);
}

TEST(fd_side, a_reader_whose_call_failed_does_not_sleep_while_there_is_data) {
    expect_holds(explore<readers<>>({}, readers<>::shape{1, 3, 2, 3, 1, {}, 2}));
}

TEST(fd_side, mutant_that_fails_and_keeps_what_it_saw_sleeps_while_there_is_data) {
    expect_violation(
        explore<readers<>>({}, readers<>::shape{1, 3, 2, 3, 1, {.keeps_what_it_saw = true}, 2}),
        waits_for_ever);
}

/// A poller with one edge, callers that never get data, and one who closes.
template <class Sync = model_sync>
struct closing : fd_model<Sync> {
    using model = fd_model<Sync>;

    closing(checker& run, unsigned callers, fd_faults faults) : model(run, callers, faults) {
        for (auto& each : model::fibers) {
            run.thread("reader", [this, &each] {
                check(model::read(each, 1) == model::was_closed, "only the close ends a read");
            });
        }
        run.thread("poller", [this] { model::post(); });
        run.thread("closer", [this] { model::close(); });
        run.at_end([this] { check(model::side.slot().is_closed(), "closed is for ever"); });
    }
};

struct posts_blindly : no_fault {
    static constexpr bool blind_weak_exchange = true;
};

TEST(fd_side, close_ends_all_waiters) {
    expect_holds(explore<closing<>>({}, 1U, fd_faults{}));
    // With three there are more than a million executions.
    expect_holds(explore<closing<>>({.preemptions = 2}, 2U, fd_faults{}));
}

TEST(fd_side, mutant_that_posts_over_closed_reopens_the_slot) {
    const verdict found = explore<closing<basic_model_sync<posts_blindly>>>({}, 1U, fd_faults{});
    EXPECT_FALSE(found.holds) << found.report;
}

TEST(fd_side, mutant_that_closes_without_the_queue_leaves_a_reader_behind) {
    expect_violation(explore<closing<>>(
                         {}, 2U, fd_faults{.keeps_the_baton = true, .closes_the_slot_only = true}),
                     waits_for_ever);
}

/// Two callers, one item, and one of them is cancelled: the item reaches the other, whoever had the event or the baton.
template <class Sync = model_sync>
struct cancelling : fd_model<Sync> {
    using model = fd_model<Sync>;

    cancelling(checker& run, fd_faults faults) : model(run, 2, faults) {
        run.thread("cancelled", [this] {
            const int result = model::read(model::fibers[0], 1);
            // It was faster: then there must be something for the other.
            if (result > 0) model::socket.arrives(1);
            model::running.fetch_sub(1);
        });
        run.thread("reader", [this] {
            check(model::read(model::fibers[1], 1) == 1, "nobody cancels this one");
            model::running.fetch_sub(1);
        });
        run.thread("canceller", [this] { model::fibers[0].ask_to_stop(); });
        run.thread("peer", [this] { model::socket.arrives(1); });
        run.thread("poller", [this] { model::poll(); });
    }
};

TEST(fd_side, cancelling_one_reader_loses_nothing_for_the_other) {
    expect_holds(explore<cancelling<>>({.preemptions = slow ? 1 : 2}, fd_faults{}));
}

TEST(fd_side, mutant_that_leaves_its_node_in_the_queue_is_seen) {
    expect_violation(explore<cancelling<>>({}, fd_faults{.stays_queued = true}),
                     "a node is unlinked before its frame is left");
}

TEST(fd_side, mutant_that_is_cancelled_and_keeps_the_baton_leaves_a_reader_behind) {
    expect_violation(explore<cancelling<>>({}, fd_faults{.keeps_the_baton = true}), waits_for_ever);
}

/// A descriptor that is closed, and whose block another one has then, as open_fd.
struct reusing : fd_model<model_sync> {
    explicit reusing(checker& run) : fd_model(run, 1) {
        run.name(opened, "opened");
        run.thread("reader", [this] {
            check(read(fibers[0], 2) == 1, "the first one's item");
            close();
            side.reset();
            closed.store(0);
            opened.store(1);
            check(read(fibers[0], 2) == 1, "the second one's item");
            running.store(0);
        });
        run.thread("peer", [this] {
            socket.arrives(1);
            block_until([this] { return opened.load() != 0; });
            socket.arrives(1);
        });
        run.thread("poller", [this] { poll(); });
    }

    atomic<int> opened;
};

TEST(fd_side, needs_each_step) {
    using shape = readers<>::shape;
    expect_needs_each_step(
        "io/fd_side.hpp",
        {[] { return explore<reusing>({}); },
         [] { return explore<readers<>>({.preemptions = 2}, shape{1, 3, 2, 3, 1, {}, 2}); },
         [] {
             return explore<readers<>>({.preemptions = 2}, shape{1, 3, 2, 3, 1, {}, 2, draining});
         },
         [] {
             return explore<readers<>>({.preemptions = 2},
                                       shape{1, 3, 2, 3, 1, {}, 0, with_attempts});
         },
         [] { return explore<readers<>>({.preemptions = 2}, shape{2, 1, 1, 1, 2}); },
         [] {
             return explore<readers<>>({.preemptions = 2}, shape{2, 1, 1, 1, 2, {}, 0, draining});
         }});
}

}  // namespace
}  // namespace mioco::model
