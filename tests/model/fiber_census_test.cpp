// SPDX-License-Identifier: MPL-2.0
#include "runtime/fiber_census.hpp"

#include "model/expect.hpp"

namespace mioco::model {
namespace {

struct faults {
    bool is_found_late = false;     // a fiber is counted before it can be found
    bool looks_first = false;       // a stop looks for fibers, then changes the state
    bool keeps_blindly = false;     // counts one more where there may be none
    bool forgets_requests = false;  // the end of a stop takes one with it that came later
};

/// A fiber that starts, as make_fiber and runtime_core::one_starts, and a stop, as runtime_core::cancel_all.
struct start_and_stop {
    start_and_stop(checker& run, faults with) : wrong(with) {
        run.name(census, "census");
        run.name(listed, "listed");
        run.name(cancelled, "cancelled");
        run.thread("spawner", [this] {
            if (!wrong.is_found_late) listed.store(1);
            if (census.one_starts().is_stopping) cancelled.store(1);
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
        if (wrong.looks_first) look();
        if (!census.carry_out_stop()) return;
        carried_out.fetch_add(1);
        if (!wrong.looks_first) look();
    }
    void look() {
        if (listed.load() != 0) cancelled.store(1);
    }

    const faults wrong;
    detail::basic_fiber_census<model_sync> census;
    atomic<int> listed;
    atomic<int> cancelled;
    atomic<int> carried_out;
};

TEST(fiber_census, a_stop_reaches_who_starts) {
    expect_holds(explore<start_and_stop>({}, faults{}));
}

TEST(fiber_census, mutant_that_is_found_after_it_is_counted) {
    expect_violation(explore<start_and_stop>({}, faults{.is_found_late = true}),
                     "a stop reaches who starts");
}

TEST(fiber_census, mutant_that_looks_for_fibers_before_they_are_born_cancelled) {
    expect_violation(explore<start_and_stop>({}, faults{.looks_first = true}),
                     "a stop reaches who starts");
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

/// A stop that is over, as runtime_core::wait sees it, and another one that is requested about then.
struct stop_after_stop {
    stop_after_stop(checker& run, faults with) : wrong(with) {
        run.name(census, "census");
        run.name(has_looked, "has looked");
        census.request_stop();
        run.thread("worker", [this] { static_cast<void>(census.carry_out_stop()); });
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
    detail::basic_fiber_census<model_sync> census;
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

}  // namespace
}  // namespace mioco::model
