// SPDX-License-Identifier: MPL-2.0
#include "runtime/fiber_census.hpp"

#include <cstdint>

#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

using census_type = detail::basic_fiber_census<relacy_sync>;

struct without_light : relacy_sync {
    static void light_barrier() noexcept {}
};
struct without_heavy : relacy_sync {
    static void heavy_barrier() noexcept {}
};

constexpr auto relaxed = std::memory_order_relaxed;

/// As runtime_core::cancel_all, with `look` for the look at all blocks.
template <class Look>
void cancel_all(census_type& census, Look look) {
    const std::uint64_t seen = census.stop();
    if (!census_type::is_due(seen)) return;
    const bool has_fibers = census.keep_alive();
    if (census.carry_out_stop(seen) && has_fibers) look();
    if (has_fibers) static_cast<void>(census.let_go());
}

/// A fiber that can be found before it is counted, and a stop.
template <class Self>
struct one_starts : scenario<Self> {
    void thread(unsigned number) {
        if (number == 0) {
            listed.store(true, relaxed);
            is_born_cancelled = census.one_starts().is_stopping;
        } else {
            census.request_stop();
            static_cast<Self&>(*this).stop();
        }
    }
    void after() { check(is_born_cancelled || is_cancelled, "a stop reaches who starts"); }

    census_type census;
    atomic<bool> listed;
    bool is_born_cancelled = false;
    bool is_cancelled = false;
};

struct the_first_starts : one_starts<the_first_starts> {
    void stop() {
        cancel_all(census, [this] { is_cancelled = listed.load(relaxed); });
    }
};

struct another_starts : one_starts<another_starts> {
    void before() { static_cast<void>(census.one_starts()); }
    void stop() {
        cancel_all(census, [this] { is_cancelled = listed.load(relaxed); });
    }
};

/// At a worker.
template <class Sync>
struct one_starts_at_a_worker : scenario<one_starts_at_a_worker<Sync>> {
    void thread(unsigned number) {
        if (number == 0) {
            listed.store(true, relaxed);
            is_born_cancelled = census.one_starts(own);
        } else {
            census.request_stop();
            if (census.carry_out_stop(census.stop())) is_cancelled = listed.load(relaxed);
        }
    }
    void after() { check(is_born_cancelled || is_cancelled, "a stop reaches who starts"); }

    detail::basic_fiber_census<Sync> census;
    detail::basic_fiber_census<Sync>::places own;
    atomic<bool> listed;
    bool is_born_cancelled = false;
    bool is_cancelled = false;
};

/// Where the runtime is alive anyhow.
struct one_starts_for_sure : one_starts<one_starts_for_sure> {
    void stop() {
        if (census.carry_out_stop(census.stop())) is_cancelled = listed.load(relaxed);
    }
};

enum class last { ends, lets_go, gives_back };

/// The last fiber ends, or who has kept the runtime alive after it, or its worker has nothing more to run; worker 0 goes to sleep.
template <last What>
struct all_come_to_rest : scenario<all_come_to_rest<What>> {
    void before() {
        if (What == last::gives_back) {
            static_cast<void>(census.one_starts(own));
            census.one_ended(own);
            return;
        }
        static_cast<void>(census.one_starts());
        if (What == last::lets_go)
            check(census.keep_alive() && !census.one_ended(), "it is kept alive");
    }
    void thread(unsigned number) {
        if (number == 0) {
            asleep.store(true);
            is_seen = census.is_at_rest();
        } else if (comes_to_rest()) {
            is_roused = asleep.load();
        }
    }
    bool comes_to_rest() {
        if (What == last::gives_back) return census.give_back(own);
        return What == last::lets_go ? census.let_go() : census.one_ended();
    }
    void after() { check(is_seen || is_roused, "worker 0 does not sleep on"); }

    census_type census;
    census_type::places own;
    atomic<bool> asleep;
    bool is_seen = false;
    bool is_roused = false;
};

/// Who waits for the end of a run has all that its fibers wrote.
template <bool IsKept>
struct a_run_is_awaited : scenario<a_run_is_awaited<IsKept>> {
    void before() {
        static_cast<void>(census.one_starts());
        if (IsKept) check(census.keep_alive() && !census.one_ended(), "it is kept alive");
        census.request_stop();
    }
    void thread(unsigned number) {
        if (number == 0) {
            written.set(1);
            check(IsKept ? census.let_go() : census.one_ended(), "it is the last");
        } else {
            const std::uint64_t seen = census.stop();
            wait_until([this] { return census.is_at_rest(); });
            check(written.get() == 1 && census.count() == 0, "all is over");
            census.end_stop(seen);
            check(!census.is_stopping(), "so is the stop");
        }
    }

    census_type census;
    plain<int> written;
};

/// The same, of a worker's fibers; another worker has too many places, and gives some back before the rest.
struct places_are_given_back : scenario<places_are_given_back> {
    void before() {
        // As if 128 had started there, of which all but one have ended here.
        for (int batch = 0; batch < 2; ++batch) {
            static_cast<void>(census.one_starts(own[0]));
            own[0].kept = 0;
        }
        own[1].kept = 127;
        static_cast<void>(census.one_starts(own[0]));
    }
    void thread(unsigned number) {
        if (number == 0) {
            static_cast<void>(census.one_starts(own[0]));
            census.one_ended(own[0]);
            written[0].set(1);
            census.one_ended(own[0]);
            rest(own[0]);
        } else {
            written[1].set(1);
            census.one_ended(own[1]);
            rest(own[1]);
        }
    }
    void rest(census_type::places& at) {
        if (!census.give_back(at) && !census.is_at_rest()) return;
        for (const plain<int>& each : written) check(each.get() == 1, "all is over");
    }
    void after() { check(census.is_at_rest(), "all is over"); }

    census_type census;
    census_type::places own[2];
    plain<int> written[2];
};

/// Of two who wait for it one tells that it is over.
struct an_end_is_told : scenario<an_end_is_told> {
    void before() { census.request_stop(); }
    void thread(unsigned number) {
        if (number == 0) {
            written.set(1);
            census.end_stop(census.stop());
        } else {
            wait_until([this] { return !census.is_stopping(); });
            check(written.get() == 1, "all is over");
        }
    }

    census_type census;
    plain<int> written;
};

/// A worker that carries out a stop late, and the run after that one.
struct a_stop_is_late : scenario<a_stop_is_late> {
    void before() {
        static_cast<void>(census.one_starts());
        census.request_stop();
    }
    void thread(unsigned number) {
        if (number == 0) {
            cancel_all(census, [this] { is_reached = next_is_there.load(relaxed); });
        } else {
            const std::uint64_t seen = census.stop();
            static_cast<void>(census.one_ended());
            wait_until([this] { return census.is_at_rest(); });
            census.end_stop(seen);
            next_is_there.store(true, relaxed);
            is_reached |= census.one_starts().is_stopping;
        }
    }
    void after() {
        check(!is_reached, "a stop that is over reaches no fiber");
        check(!census.is_stopping(), "a stop ends with its run");
    }

    census_type census;
    atomic<bool> next_is_there;
    bool is_reached = false;
};

TEST(fiber_census, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<
        the_first_starts, another_starts, one_starts_for_sure, all_come_to_rest<last::ends>,
        all_come_to_rest<last::lets_go>, all_come_to_rest<last::gives_back>, a_run_is_awaited<true>,
        a_run_is_awaited<false>, an_end_is_told, a_stop_is_late,
        one_starts_at_a_worker<relacy_sync>, places_are_given_back>("runtime/fiber_census.hpp");
}

TEST(fiber_census, needs_its_barriers) {
    EXPECT_NE(explore<one_starts_at_a_worker<without_light>>(), rl::test_result_success);
    EXPECT_NE(explore<one_starts_at_a_worker<without_heavy>>(), rl::test_result_success);
}

}  // namespace
}  // namespace mioco::relacy
