// SPDX-License-Identifier: MPL-2.0
#include "sched/sleep_gate.hpp"

#include "relacy/explore.hpp"

namespace mioco::relacy {
namespace {

/// A worker that sleeps when there is nothing to do, as worker::sleep, and wakers that bring work.
template <class Self, int Wakers>
struct a_worker_sleeps : scenario<Self, 1 + Wakers> {
    static constexpr int all_work = 2;

    void thread(unsigned number) { number == 0 ? work() : bring(); }
    void work() {
        for (int done = brought.exchange(0); done < all_work; done += brought.exchange(0)) {
            gate.prepare();
            if (brought.load() == 0) wait_until([this] { return is_woken.load(); });
            is_woken.store(false);
            gate.awake();
        }
    }
    void bring() {
        for (int i = 0; i < all_work / Wakers; ++i) {
            brought.fetch_add(1);
            if (gate.rouse()) is_woken.store(true);
        }
        static_cast<void>(gate.is_asleep());
    }

    detail::basic_sleep_gate<relacy_sync> gate;
    atomic<int> brought;
    atomic<bool> is_woken;  // the poller's eventfd
};

struct one_brings_work_twice : a_worker_sleeps<one_brings_work_twice, 1> {};

struct two_bring_work : a_worker_sleeps<two_bring_work, 2> {
    static constexpr bounds limits{.preemptions = 2};
};

TEST(sleep_gate, needs_its_memory_orders) {
    expect_orders_suffice_and_are_needed<one_brings_work_twice, two_bring_work>(
        "sched/sleep_gate.hpp");
}

}  // namespace
}  // namespace mioco::relacy
