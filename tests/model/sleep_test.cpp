// SPDX-License-Identifier: MPL-2.0
#include "base/lock.hpp"
#include "model/expect_steps.hpp"
#include "sched/inbox.hpp"
#include "sched/sleep_gate.hpp"

namespace mioco::model {
namespace {

struct faults {
    bool looks_before_it_says_so = false;  // the worker looks for work, then says that it sleeps
    bool rouses_first = false;             // a waker wakes, then publishes
};

/// A worker that sleeps when there is nothing to do, as worker::sleep; wakers that deliver to its inbox, and wakers that inject
/// into its runtime.
template <class Sync = model_sync>
struct sleeper {
    struct item {
        item* next = nullptr;
    };

    sleeper(checker& run, int deliverers, int injectors, faults with = {}) : wrong(with) {
        run.name(gate, "gate");
        run.name(inbox, "inbox");
        run.name(injected, "injected");
        run.name(wakeups, "wakeups");
        run.name(sleeps, "sleeps");
        run.name(roused, "roused");
        run.name(items, "items");
        run.thread("worker", [this, deliverers, injectors] { work(deliverers + injectors); });
        for (int i = 0; i < deliverers; ++i) {
            run.thread("deliverer", [this, i] {
                if (wrong.rouses_first) rouse();
                inbox.push(items[i]);
                if (!wrong.rouses_first) rouse();
            });
        }
        for (int i = 0; i < injectors; ++i) {
            run.thread("injector", [this] {
                injected.fetch_add(1);
                rouse();
            });
        }
        run.at_end([this] {
            check(roused.load() <= sleeps.load(), "one waker a sleep makes the system call");
        });
    }

    void work(int expected) {
        int done = 0;
        for (;;) {
            for (item* each = inbox.take_all(); each != nullptr; each = each->next) ++done;
            done += injected.exchange(0);
            if (done == expected) return;
            sleep();
        }
    }

    void sleep() {
        bool found = false;
        if (wrong.looks_before_it_says_so) found = !inbox.empty() || injected.load() != 0;
        sleeps.fetch_add(1);
        gate.prepare();
        if (!wrong.looks_before_it_says_so) found = !inbox.empty() || injected.load() != 0;
        if (!found) block_until([this] { return wakeups.load() != 0; });
        wakeups.store(0);
        gate.awake();
    }

    void rouse() {
        if (!gate.rouse()) return;
        roused.fetch_add(1);
        wakeups.store(1);
    }

    const faults wrong;
    detail::basic_sleep_gate<Sync> gate;
    detail::basic_inbox<item, Sync> inbox;
    atomic<int> injected;
    atomic<int> wakeups;  // the poller's eventfd
    atomic<int> sleeps;
    atomic<int> roused;
    item items[2];
};

struct exchanges_blindly : no_fault {
    static constexpr bool blind_strong_exchange = true;
};

TEST(sleep_gate, a_worker_never_sleeps_with_work_delivered) {
    expect_holds(explore<sleeper<>>({}, 2, 0));
}

TEST(sleep_gate, a_worker_never_sleeps_with_work_injected) {
    expect_holds(explore<sleeper<>>({}, 1, 1));
}

TEST(sleep_gate, mutant_that_looks_before_it_says_that_it_sleeps) {
    expect_violation(explore<sleeper<>>({}, 1, 0, faults{.looks_before_it_says_so = true}),
                     waits_for_ever);
    expect_violation(explore<sleeper<>>({}, 0, 1, faults{.looks_before_it_says_so = true}),
                     waits_for_ever);
}

TEST(sleep_gate, mutant_that_wakes_before_it_publishes) {
    expect_violation(explore<sleeper<>>({}, 1, 0, faults{.rouses_first = true}), waits_for_ever);
}

TEST(sleep_gate, mutant_that_does_not_compare_wakes_twice_a_sleep) {
    expect_violation(explore<sleeper<basic_model_sync<exchanges_blindly>>>({}, 2, 0),
                     "one waker a sleep makes the system call");
}

TEST(sleep_gate, needs_each_step) {
    expect_needs_each_step("sched/sleep_gate.hpp", {[] { return explore<sleeper<>>({}, 1, 0); },
                                                    [] { return explore<sleeper<>>({}, 2, 0); },
                                                    [] { return explore<sleeper<>>({}, 1, 1); }});
}

}  // namespace
}  // namespace mioco::model
