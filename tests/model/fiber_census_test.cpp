// SPDX-License-Identifier: MPL-2.0
#include "runtime/fiber_census.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/expect_steps.hpp"

namespace mioco::model {
namespace {

using model_census = detail::basic_fiber_census<model_sync>;

struct faults {
    bool is_found_late = false;      // a fiber is counted before it can be found
    bool looks_first = false;        // a stop looks for fibers, then changes the state
    bool counts_first = false;       // it sees that there are no fibers, then that it is due
    bool is_not_kept = false;        // it does not keep the runtime alive
    bool is_kept_late = false;       // or only once it is carried out
    bool looks_for_nobody = false;   // it looks for fibers when there was none to be kept alive for
    bool forgets_to_let_go = false;  // it keeps the runtime alive for ever
    bool keeps_blindly = false;      // counts one more where there may be none
    bool takes_any_stop =
        false;  // it carries out what is due, not what it saw before it looked for fibers
    bool forgets_requests = false;  // the end of a stop takes one with it that came later
    bool keeps_places = false;      // a worker that has nothing to run gives no places back
    bool gives_too_much = false;    // or also those of fibers that are there
};

/// As runtime_core::cancel_all, with `look` for the look at all blocks. Whether the caller carried the stop out.
template <class Look>
bool cancel_all(model_census& census, const faults& wrong, Look look) {
    if (wrong.looks_first) look();
    const bool had_none = wrong.counts_first && census.count() == 0;
    const std::uint64_t seen = census.stop();
    if (!model_census::is_due(seen)) return false;
    bool carries_out = wrong.is_kept_late && census.carry_out_stop(seen);
    const bool keeps = !wrong.is_not_kept && !had_none && census.keep_alive();
    if (!wrong.is_kept_late)
        carries_out = census.carry_out_stop(wrong.takes_any_stop ? census.stop() : seen);
    const bool has_fibers = keeps || wrong.is_not_kept || wrong.looks_for_nobody;
    if (carries_out && has_fibers && !wrong.looks_first) look();
    if (keeps && !wrong.forgets_to_let_go) static_cast<void>(census.let_go());
    return carries_out;
}

/// A fiber that starts, as make_fiber and runtime_core::one_starts, and a stop.
struct start_and_stop {
    start_and_stop(checker& run, faults with, bool at_worker = false) : wrong(with) {
        run.name(census, "census");
        run.name(listed, "listed");
        run.name(cancelled, "cancelled");
        run.name(carried_out, "carried out");
        run.thread("spawner", [this, at_worker] {
            if (!wrong.is_found_late) listed.store(1);
            if (at_worker ? census.one_starts(own) : census.one_starts().is_stopping)
                cancelled.store(1);
            if (wrong.is_found_late) listed.store(1);
        });
        for (int i = 0; i < 2; ++i) run.thread("worker", [this] { stop(); });
        run.thread("stopper", [this] { census.request_stop(); });
        run.at_end([this] {
            if (census.stop_is_due()) stop();
            check(cancelled.load() == 1, "a stop reaches who starts");
            check(carried_out.load() == 1, "one worker carries a stop out");
        });
    }

    void stop() {
        const auto look = [this] {
            if (listed.load() != 0) cancelled.store(1);
        };
        if (cancel_all(census, wrong, look)) carried_out.fetch_add(1);
    }

    const faults wrong;
    model_census census;
    model_census::places own;  // the spawner's
    atomic<int> listed;
    atomic<int> cancelled;
    atomic<int> carried_out;
};

TEST(fiber_census, a_stop_reaches_who_starts) {
    expect_holds(explore<start_and_stop>({}, faults{}));
    expect_holds(explore<start_and_stop>({}, faults{}, true));
}

TEST(fiber_census, mutant_that_is_found_after_it_is_counted) {
    for (const bool at_worker : {false, true}) {
        expect_violation(explore<start_and_stop>({}, faults{.is_found_late = true}, at_worker),
                         "a stop reaches who starts");
    }
}

TEST(fiber_census, mutant_that_looks_for_fibers_before_they_are_born_cancelled) {
    expect_violation(explore<start_and_stop>({}, faults{.looks_first = true}),
                     "a stop reaches who starts");
}

TEST(fiber_census, mutant_that_counts_fibers_before_it_knows_of_the_stop) {
    expect_violation(explore<start_and_stop>({}, faults{.counts_first = true}),
                     "a stop reaches who starts");
}

/// A stop whose look at all blocks may be late, and the next run, which begins once runtime_core::wait has seen the last fiber end.
struct stop_and_next_run {
    stop_and_next_run(checker& run, faults with) : wrong(with) {
        run.name(census, "census");
        run.name(blocks, "blocks");
        run.name(cancelled, "cancelled");
        start(first_run, blocks[0]);
        census.request_stop();
        run.thread("fiber", [this] {
            // Or it ends by itself, and the look has nothing more to do for it.
            if (checker::current().choose(2) == 0)
                block_until([this] { return cancelled[first_run].load() != 0; });
            blocks[0].store(nobody);
            static_cast<void>(census.one_ended());
        });
        for (int i = 0; i < 2; ++i) run.thread("worker", [this] { stop(); });
        run.thread("owner", [this] {
            wait();
            const int used = checker::current().choose(2);
            start(next_run, blocks[static_cast<std::size_t>(used)]);
        });
        run.at_end([this] {
            check(cancelled[next_run].load() == 0, "a stop that is over reaches no fiber");
            check(!census.is_stopping(), "a stop ends with its run");
        });
    }

    enum fibers : int { nobody, first_run, next_run, how_many };

    void start(fibers who, atomic<int>& block) {
        block.store(who);
        if (census.one_starts().is_stopping) cancelled[who].store(1);
    }
    void stop() {
        static_cast<void>(cancel_all(census, wrong, [this] {
            for (const atomic<int>& block : blocks) {
                if (const int who = block.load(); who != nobody) cancelled[who].store(1);
            }
        }));
    }
    void wait() {
        const std::uint64_t seen = census.stop();
        block_until([this] { return census.is_at_rest(); });
        census.end_stop(seen);
    }

    const faults wrong;
    model_census census;
    std::array<atomic<int>, 2> blocks;            // who is in each
    std::array<atomic<int>, how_many> cancelled;  // by who it is, as requests name a fiber
};

TEST(fiber_census, a_stop_reaches_no_fiber_of_the_next_run) {
    expect_holds(explore<stop_and_next_run>({}, faults{}));
}

TEST(fiber_census, mutant_that_does_not_keep_alive_what_it_stops) {
    expect_violation(explore<stop_and_next_run>({}, faults{.is_not_kept = true}),
                     "a stop that is over reaches no fiber");
}

TEST(fiber_census, mutant_that_keeps_alive_only_what_it_has_stopped) {
    expect_violation(explore<stop_and_next_run>({}, faults{.is_kept_late = true}),
                     "a stop that is over reaches no fiber");
}

TEST(fiber_census, mutant_that_looks_for_fibers_where_there_were_none) {
    expect_violation(explore<stop_and_next_run>({}, faults{.looks_for_nobody = true}),
                     "a stop that is over reaches no fiber");
}

TEST(fiber_census, mutant_whose_stop_does_not_let_go) {
    expect_violation(explore<stop_and_next_run>({}, faults{.forgets_to_let_go = true}),
                     waits_for_ever);
}

/// A worker that has seen a stop and is late, and the stop of the next run, which comes when that has a fiber.
struct second_stop {
    second_stop(checker& run, faults with) : wrong(with) {
        run.name(census, "census");
        run.name(listed, "listed");
        run.name(cancelled, "cancelled");
        static_cast<void>(census.one_starts());
        census.request_stop();
        run.thread("worker", [this] { stop(); });
        run.thread("owner", [this] {
            static_cast<void>(census.one_ended());
            const std::uint64_t seen = census.stop();
            block_until([this] { return census.is_at_rest(); });
            census.end_stop(seen);
            listed.store(1);
            if (census.one_starts().is_stopping) cancelled.store(1);
            census.request_stop();
        });
        run.at_end([this] {
            if (census.stop_is_due()) stop();
            check(cancelled.load() == 1, "a stop reaches the fiber of its run");
        });
    }

    void stop() {
        static_cast<void>(cancel_all(census, wrong, [this] {
            if (listed.load() != 0) cancelled.store(1);
        }));
    }

    const faults wrong;
    model_census census;
    atomic<int> listed;
    atomic<int> cancelled;
};

TEST(fiber_census, a_stop_reaches_its_run_though_a_worker_still_saw_the_one_before) {
    expect_holds(explore<second_stop>({}, faults{}));
}

TEST(fiber_census, mutant_that_carries_out_a_stop_that_it_has_not_looked_for) {
    expect_violation(explore<second_stop>({}, faults{.takes_any_stop = true}),
                     "a stop reaches the fiber of its run");
}

/// The last fiber ends while two of others' calls keep the runtime alive, one of which starts a fiber.
template <class Sync = model_sync>
struct last_one {
    last_one(checker& run, faults with) : wrong(with) {
        run.name(census, "census");
        run.name(rests, "rests");
        static_cast<void>(census.one_starts());
        run.thread("last fiber", [this] { rest_if(census.one_ended()); });
        run.thread("scheduler", [this] {
            if (!keep()) return;
            check(rests.load() == 0, "who keeps a runtime alive finds it alive");
            static_cast<void>(census.one_starts());
            rest_if(let_go());
            check(rests.load() == 0, "a runtime that has a fiber does not rest");
            rest_if(census.one_ended());
        });
        run.thread("scheduler", [this] {
            if (!keep()) return;
            check(rests.load() == 0, "who keeps a runtime alive finds it alive");
            rest_if(let_go());
        });
        run.at_end([this] {
            check(census.count() == 0 && rests.load() == 1, "a runtime comes to rest once");
        });
    }

    // The mutant counts itself as a fiber.
    bool keep() {
        if (!wrong.keeps_blindly) return census.keep_alive();
        static_cast<void>(census.one_starts());
        return true;
    }
    bool let_go() { return wrong.keeps_blindly ? census.one_ended() : census.let_go(); }
    void rest_if(bool is_last) {
        if (is_last) rests.fetch_add(1);
    }

    const faults wrong;
    detail::basic_fiber_census<Sync> census;
    atomic<int> rests;
};

TEST(fiber_census, those_who_keep_a_runtime_alive_do_not_keep_each_other) {
    detail::fiber_census census;
    EXPECT_TRUE(census.one_starts().is_first);
    EXPECT_TRUE(census.keep_alive());
    EXPECT_FALSE(census.one_ended());
    EXPECT_EQ(census.count(), 0U);
    EXPECT_FALSE(census.is_at_rest());
    EXPECT_FALSE(census.keep_alive());
    EXPECT_TRUE(census.one_starts().is_first);
    EXPECT_FALSE(census.one_ended());
    EXPECT_TRUE(census.let_go());
    EXPECT_TRUE(census.is_at_rest());
}

struct adds_in_pieces : no_fault {
    static constexpr bool torn_addition = true;
};
struct adds_blindly : no_fault {
    static constexpr bool blind_weak_exchange = true;
};

TEST(fiber_census, a_runtime_rests_when_its_last_fiber_ends) {
    expect_holds(explore<last_one<>>({}, faults{}));
}

TEST(fiber_census, mutant_that_keeps_what_may_be_at_rest) {
    expect_violation(explore<last_one<>>({}, faults{.keeps_blindly = true}),
                     "who keeps a runtime alive finds it alive");
}

TEST(fiber_census, mutant_that_counts_without_comparing) {
    EXPECT_FALSE(explore<last_one<basic_model_sync<adds_blindly>>>({}, faults{}).holds);
}

TEST(fiber_census, mutant_that_counts_in_pieces) {
    EXPECT_FALSE(explore<last_one<basic_model_sync<adds_in_pieces>>>({}, faults{}).holds);
}

/// Two workers with fibers and kept places, one about to have too many: it has ended what the other one started. Each runs its last fiber,
/// and then has nothing left to run; the first one's starts another before that.
struct workers_with_places {
    workers_with_places(checker& run, faults with) : wrong(with) {
        run.name(census, "census");
        run.name(rests, "rests");
        run.name(living, "living");
        constexpr int enough = 128;
        for (int i = 0; i < enough; ++i) start(own[0]);
        for (int i = 0; i < enough - 1; ++i) census.one_ended(own[1]);
        living.store(2);
        start(own[0]);
        run.thread("worker", [this] {
            living.fetch_add(1);
            start(own[0]);
            for (int i = 0; i < 2; ++i) end(own[0]);
            rest(own[0]);
        });
        run.thread("worker", [this] {
            end(own[1]);
            rest(own[1]);
        });
        run.at_end([this] {
            check(census.is_at_rest() && rests.load() == 1, "a runtime comes to rest once");
        });
    }

    void start(model_census::places& at) { static_cast<void>(census.one_starts(at)); }
    void end(model_census::places& at) {
        living.fetch_sub(1);
        census.one_ended(at);
    }
    void rest(model_census::places& at) {
        if (wrong.keeps_places) return;
        if (wrong.gives_too_much) ++at.kept;
        if (!census.give_back(at)) return;
        check(living.load() == 0, "a runtime that has a fiber does not rest");
        rests.fetch_add(1);
    }

    const faults wrong;
    model_census census;
    std::array<model_census::places, 2> own;
    atomic<int> living;
    atomic<int> rests;
};

TEST(fiber_census, a_runtime_rests_when_its_workers_have_given_their_places_back) {
    expect_holds(explore<workers_with_places>({}, faults{}));
}

TEST(fiber_census, mutant_whose_idle_workers_keep_their_places) {
    expect_violation(explore<workers_with_places>({}, faults{.keeps_places = true}),
                     "a runtime comes to rest once");
}

TEST(fiber_census, mutant_that_gives_back_the_places_of_fibers) {
    EXPECT_FALSE(explore<workers_with_places>({}, faults{.gives_too_much = true}).holds);
}

/// A stop that is over, as runtime_core::wait sees it, and another one that is requested about then.
struct stop_after_stop {
    stop_after_stop(checker& run, faults with) : wrong(with) {
        run.name(census, "census");
        run.name(has_looked, "has looked");
        census.request_stop();
        run.thread("worker", [this] { static_cast<void>(census.carry_out_stop(census.stop())); });
        run.thread("waiter", [this] {
            std::uint64_t seen = census.stop();
            has_looked.store(1);
            if (wrong.forgets_requests) seen = census.stop();
            census.end_stop(seen);
        });
        run.thread("stopper", [this] {
            is_later = has_looked.load() != 0;
            census.request_stop();
        });
        run.at_end([this] {
            if (is_later) check(census.is_stopping(), "a later request stays");
        });
    }

    const faults wrong;
    model_census census;
    atomic<int> has_looked;
    bool is_later = false;  // the stopper's
};

TEST(fiber_census, the_end_of_a_stop_leaves_a_later_request) {
    expect_holds(explore<stop_after_stop>({}, faults{}));
}

TEST(fiber_census, mutant_that_ends_what_was_requested_later) {
    expect_violation(explore<stop_after_stop>({}, faults{.forgets_requests = true}),
                     "a later request stays");
}

TEST(fiber_census, needs_each_step) {
    expect_needs_each_step("runtime/fiber_census.hpp",
                           {[] { return explore<stop_after_stop>({}, faults{}); },
                            [] { return explore<last_one<>>({}, faults{}); },
                            [] { return explore<second_stop>({}, faults{}); },
                            [] { return explore<start_and_stop>({}, faults{}); },
                            [] { return explore<workers_with_places>({}, faults{}); },
                            [] { return explore<stop_and_next_run>({}, faults{}); }});
}

}  // namespace
}  // namespace mioco::model
